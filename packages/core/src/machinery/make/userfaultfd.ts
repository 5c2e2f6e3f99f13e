import { closeFd, LinuxError, pidfdGetfd, pidfdOpen } from '@criujs/linux';
import { userfault } from '../../facts/userfaultfd.ts';
import { own } from './clone.ts';
import type { BuiltThread, Workshop } from './helper.ts';

/** A descriptor of the engine's that gives pages to a task's memory, userfaultfd(2); null where the kernel has or allows none. */
export function userfaultfdOf(thread: BuiltThread, workshop: Workshop): number | null {
  try {
    const theirs = own(thread, workshop, 'userfaultfd', [userfault.closeOnExec | userfault.userModeOnly]);
    try {
      const pidfd = pidfdOpen(thread.pid);
      try {
        return pidfdGetfd(pidfd, theirs);
      } finally {
        closeFd(pidfd);
      }
    } finally {
      own(thread, workshop, 'close', [theirs]);
    }
  } catch (error) {
    if (error instanceof LinuxError) return null;
    throw error;
  }
}
