import { expect, test } from 'vitest';
import { errno, errnoName, LinuxError } from './errors.ts';

test('an error carries the name, the number and the call', () => {
  const error = new LinuxError('ptrace SEIZE', errno.EPERM, { about: 'of thread 12', pid: 12 });
  expect(error).toMatchObject({ name: 'LinuxError', code: 'EPERM', errno: 1, call: 'ptrace SEIZE', pid: 12 });
  expect(error.message).toBe('ptrace SEIZE of thread 12: EPERM: operation not permitted');
});

test('a condition that the kernel does not number has its own code and says what to do', () => {
  const error = new LinuxError('@criujs/linux', errno.ENOSYS, { code: 'ODD', reason: 'so it is', remedy: 'Do this.' });
  expect(error).toMatchObject({ code: 'ODD', remedy: 'Do this.', message: '@criujs/linux: ODD: so it is' });
});

test('details that were not given are not there', () => {
  expect(Object.keys(new LinuxError('read', errno.EIO))).not.toContain('remedy');
});

test('error numbers have names', () => {
  expect(errnoName(28)).toBe('ENOSPC');
  expect(errnoName(512)).toBe('ERRNO_512');
  expect(errno['EAGAIN']).toBe(11);
  expect(errno['ENONSENSE']).toBeUndefined();
});
