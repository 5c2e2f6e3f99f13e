import { expectSuccess, trySyscall } from '../syscall.ts';

/** A descriptor for the process, pidfd_open(2): it goes on to mean this one when the pid is used again. */
export function pidfdOpen(pid: number): number {
  return expectSuccess(trySyscall('pidfd_open', pid, 0), 'pidfd_open', { about: `of process ${pid}`, pid });
}

/**
 * A descriptor of ours for the open file behind another process's descriptor, pidfd_getfd(2).
 * @throws LinuxError EPERM without the right to trace it, ENOSYS before Linux 5.6 or where a filter hides the call
 */
export function pidfdGetfd(pidfd: number, fd: number): number {
  const about = `of descriptor ${fd} through pidfd ${pidfd}`;
  return expectSuccess(trySyscall('pidfd_getfd', pidfd, fd, 0), 'pidfd_getfd', { about });
}

/** Sends a signal, pidfd_send_signal(2). */
export function pidfdSend(pidfd: number, signal: number): void {
  const result = trySyscall('pidfd_send_signal', pidfd, signal, 0, 0);
  expectSuccess(result, 'pidfd_send_signal', { about: `of signal ${signal} through pidfd ${pidfd}` });
}
