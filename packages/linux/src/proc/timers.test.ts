import { expect, test } from 'vitest';
import { parseTimers } from './timers.ts';

test('reads each timer', () => {
  const text = `ID: 1
signal: 60/00007fff86e452a8
notify: signal/pid.2634
ClockID: 0
ID: 0
signal: 14/0000000000000000
notify: none/tid.2635
ClockID: 1
`;
  expect(parseTimers(text)).toEqual([
    { id: 1, signal: 60, value: 0x7fff86e452a8n, notify: 'signal', target: { kind: 'pid', id: 2634 }, clock: 0 },
    { id: 0, signal: 14, value: 0n, notify: 'none', target: { kind: 'tid', id: 2635 }, clock: 1 },
  ]);
  expect(parseTimers('')).toEqual([]);
});

test('a null pointer is zero, however it is printed', () => {
  expect(parseTimers('ID: 3\nsignal: 14/          (null)\nnotify: thread/pid.1\nClockID: 0\n')).toMatchObject([
    { id: 3, value: 0n, notify: 'thread' },
  ]);
});
