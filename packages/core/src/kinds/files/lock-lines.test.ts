import { expect, test } from 'vitest';
import { parseLock } from './lock-lines.ts';

test.each([
  [
    '1: POSIX  ADVISORY  WRITE 4242 00:20:12 0 9',
    { kind: 'POSIX', type: 'WRITE', breaking: false, owner: 4242, start: 0n, length: 10n },
  ],
  [
    '2: OFDLCK ADVISORY  READ  -1 fd:01:77 1099511627776 EOF',
    { kind: 'OFDLCK', type: 'READ', breaking: false, owner: -1, start: 1n << 40n, length: 0n },
  ],
  [
    '1: LEASE  BREAKING  UNLCK 7 08:01:77 0 EOF',
    { kind: 'LEASE', type: 'UNLCK', breaking: true, owner: 7, start: 0n, length: 0n },
  ],
  ['1: DELEG  ACTIVE    READ  7 08:01:77 0 EOF', null],
  ['1: toString ADVISORY READ 7 08:01:77 0 EOF', null],
  ['something else', null],
])('%s', (line, lock) => {
  expect(parseLock(line)).toEqual(lock);
});
