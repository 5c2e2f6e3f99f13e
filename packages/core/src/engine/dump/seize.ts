import { LinuxError, ptraceEvent, ptraceOption, readStat, type Tracee } from '@criujs/linux';
import { EngineError } from '../../errors.ts';

/** False where the thread has ended meanwhile. */
export function seize(thread: Tracee, pid: number): boolean {
  try {
    thread.seize(ptraceOption.TRACESYSGOOD);
    return true;
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    // ptrace(2) says EPERM of one that has ended and still has its entry.
    if (error.code === 'ESRCH' || hasEnded(pid, thread.tid)) return false;
    throw new EngineError('NOT_PERMITTED', `cannot trace ${pid} (thread ${thread.tid}): ${error.code}`, {
      pid,
      cause: error,
      remedy:
        'Dump processes of your own user, or run as root. Where Yama forbids it (kernel.yama.ptrace_scope), start the program with `criujs run -- CMD`; `criujs check` tells.',
    });
  }
}

function hasEnded(pid: number, tid: number): boolean {
  try {
    return /[ZX]/.test(readStat(pid, tid).state);
  } catch (error) {
    return isGone(error);
  }
}

/**
 * Interrupts, lets signals that were on their way through, and gives the signal of the stop: SIGTRAP, or what had stopped the
 * process. null: it has ended instead.
 */
export function standStill(thread: Tracee): number | null {
  try {
    thread.interrupt();
    for (;;) {
      const stop = thread.waitStop();
      if (stop.event === ptraceEvent.STOP) return stop.signal;
      thread.resume(stop.event === 0 ? stop.signal : 0);
    }
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Whether this says that a thread or process has ended. */
export function isGone(error: unknown): boolean {
  return error instanceof LinuxError && (error.code === 'ESRCH' || error.code === 'ENOENT');
}
