import { EngineError } from '@criujs/engine-kit';
import { LinuxError } from '@criujs/linux';

/** How reading memory of another process fails that is there. process_vm_readv(2); /proc/PID/mem answers EIO. */
const causes: ReadonlySet<string> = new Set(['EFAULT', 'EIO', 'EHWPOISON']);

/** For memory of which guard pages were left out, if the kernel shows them. */
const orGuarded =
  'Look in the log of the kernel for failed memory or swap. Linux 6.13 and 6.14 do not show guard pages (MADV_GUARD_INSTALL): dump a program that has some under Linux 6.15 or newer.';

/** For shared memory that is read through a map: what is behind guard pages shows only in the object itself. */
export const behindGuards =
  'Dump it as root (CAP_CHECKPOINT_RESTORE) if it has guard pages there (MADV_GUARD_INSTALL); if not, look in the log of the kernel for failed memory or swap.';

/**
 * Reads memory of a process.
 * @throws EngineError UNSUPPORTED where it is there and nobody may read it
 */
export function readingMemory<T>(pid: number, address: number, read: () => T, remedy: string = orGuarded): T {
  try {
    return read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const what = `cannot dump ${pid}: nobody can read its memory at 0x${address.toString(16)} (${error.code})`;
    throw new EngineError('UNSUPPORTED', what, {
      pid,
      cause: error,
      remedy,
    });
  }
}

/** Calls of ours fail with a `LinuxError`, those of node:fs with an error that has a `code`. */
function isUnreadable(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return causes.has(error.code) && (error instanceof LinuxError || 'syscall' in error);
}
