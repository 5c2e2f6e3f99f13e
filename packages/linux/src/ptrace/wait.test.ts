import { expect, test } from 'vitest';
import { decodeStatus } from './wait.ts';

test.each([
  ['an exit', 3 << 8, { kind: 'exited', code: 3 }],
  ['a kill', 9, { kind: 'killed', signal: 9 }],
  ['a kill with a core', 11 | 0x80, { kind: 'killed', signal: 11 }],
  ['a signal delivery stop', (15 << 8) | 0x7f, { kind: 'stopped', signal: 15, event: 0 }],
  ['a system call stop', (0x85 << 8) | 0x7f, { kind: 'stopped', signal: 0x85, event: 0 }],
  ['an event stop', (128 << 16) | (5 << 8) | 0x7f, { kind: 'stopped', signal: 5, event: 128 }],
])('reads %s', (_, status, stop) => {
  expect(decodeStatus(status)).toEqual(stop);
});
