import { expect, test } from 'vitest';
import { decodeSiginfo, decodeStatus } from './wait.ts';

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

test.each([
  ['a signal that is sent', 15, 0, { signal: 15, event: 0 }],
  ['a breakpoint', 5, 0x80, { signal: 5, event: 0 }],
  ['a single step', 5, 2, { signal: 5, event: 0 }],
  ['a system call stop', 5, 0x85, { signal: 0x85, event: 0 }],
  ['a stop that was asked for', 5, (128 << 8) | 5, { signal: 5, event: 128 }],
  ['a group stop', 19, (128 << 8) | 19, { signal: 19, event: 128 }],
])('reads %s from the siginfo of a stop', (_, signal, code, stop) => {
  expect(decodeSiginfo(signal, code)).toEqual({ kind: 'stopped', ...stop });
});
