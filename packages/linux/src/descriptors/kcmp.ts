import { expectSuccess, type SyscallArgument, trySyscall } from '../syscall.ts';

/** What kcmp(2) can compare. */
const types = { FILE: 0, VM: 1, FILES: 2, FS: 3, SIGHAND: 4, IO: 5, SYSVSEM: 6 } as const;

export type CompareType = keyof typeof types;

/**
 * Compares a kernel object of two processes, kcmp(2). Answers as the kernel does: 0 the same, 1 the first sorts before
 * the second, 2 after it, 3 different without an order. `a` and `b` are the descriptors for `FILE`.
 * @throws LinuxError EPERM without the right to trace both, ENOSYS where the kernel or a filter hides the call
 */
export function compare(
  type: CompareType,
  pid1: number,
  pid2: number,
  a: SyscallArgument = 0,
  b: SyscallArgument = 0,
): number {
  const about = `${type} of processes ${pid1} and ${pid2}`;
  return expectSuccess(trySyscall('kcmp', pid1, pid2, types[type], a, b), 'kcmp', { about });
}

/** Whether two descriptors are one open file: one position, one set of flags. */
export function sameFile(pid1: number, fd1: number, pid2: number, fd2: number): boolean {
  return compare('FILE', pid1, pid2, fd1, fd2) === 0;
}
