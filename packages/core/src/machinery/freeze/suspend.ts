import { LinuxError, ptraceOption, readStatus, type Tracee } from '@criujs/linux';
import { capability } from '../../facts/capabilities.ts';
import { seccompMode } from '../../facts/seccomp.ts';
import { hasCapability } from '../../run/probes/rights.ts';

/**
 * Why filters of system calls can be neither read nor kept from ending a thread for our calls; null: nothing is known. The kernel wants
 * CAP_SYS_ADMIN, and none of its own for whoever asks. ptrace(2), PTRACE_O_SUSPEND_SECCOMP.
 */
export function whyNotSuspended(): string | null {
  const self = readStatus(process.pid);
  if (self.seccomp !== seccompMode.disabled) return 'criujs itself is under a filter here';
  return hasCapability(self, capability.SYS_ADMIN) ? null : 'this user lacks CAP_SYS_ADMIN';
}

/** Lets a stopped thread make calls that its filters forbid, as long as we trace it. False where the kernel does not allow that. */
export function suspendSeccomp(thread: Tracee): boolean {
  try {
    thread.setOptions(ptraceOption.TRACESYSGOOD | ptraceOption.SUSPEND_SECCOMP);
    return true;
  } catch (error) {
    if (error instanceof LinuxError && (error.code === 'EPERM' || error.code === 'EINVAL')) return false;
    throw error;
  }
}
