import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { type SignalName, signalName, signals } from './signals.ts';

test.runIf(process.platform === 'linux')('the numbers are those of the system', () => {
  for (const name of Object.keys(signals) as SignalName[]) {
    // Node's own table leaves some out
    expect(signals[name]).toBe(constants.signals[name as keyof typeof constants.signals] ?? signals[name]);
  }
});

test('signals have names, real-time ones too', () => {
  expect([1, 9, 31, 32, 34, 64, 65, 0].map(signalName)).toEqual([
    'SIGHUP',
    'SIGKILL',
    'SIGSYS',
    'SIGRT0',
    'SIGRT2',
    'SIGRT32',
    'signal 65',
    'signal 0',
  ]);
});
