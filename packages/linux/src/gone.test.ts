import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errno, LinuxError } from './errors.ts';
import { isGone, unlessGone } from './gone.ts';

test.each(['ENOENT', 'ESRCH', 'EBADF', 'ECHILD'])('%s says that it has gone', (code) => {
  expect(isGone(new LinuxError('call', errno[code] ?? 0))).toBe(true);
});

test.each([new LinuxError('call', errno.EPERM), new Error('ENOENT'), 'ENOENT', null, undefined])(
  '%s does not',
  (error) => {
    expect(isGone(error)).toBe(false);
  },
);

test('what has gone is left out, whoever says so', () => {
  expect(unlessGone(() => readFileSync('/proc/0/stat', 'latin1'), null)).toBe(null);
  expect(unlessGone(() => 7, null)).toBe(7);
});

test('any other error is thrown', () => {
  const denied = (): never => {
    throw new LinuxError('ptrace', errno.EPERM);
  };
  expect(() => unlessGone(denied, null)).toThrowError('EPERM');
});
