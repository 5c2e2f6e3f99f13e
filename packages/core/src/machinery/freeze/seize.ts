import { EngineError } from '@criujs/engine-kit';
import { isGone, LinuxError, ptraceEvent, ptraceOption, readStat, type Tracee, unlessGone } from '@criujs/linux';

/** Attaches and asks for a stop, without waiting for it. False where the thread has ended meanwhile. */
export function seize(thread: Tracee, pid: number): boolean {
  try {
    thread.seize(ptraceOption.TRACESYSGOOD);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    // ptrace(2) says EPERM of one that has ended and still has its entry.
    if (isGone(error) || hasEnded(pid, thread.tid)) return false;
    throw new EngineError('NOT_PERMITTED', `cannot trace ${pid} (thread ${thread.tid}): ${error.code}`, {
      pid,
      cause: error,
      remedy:
        'Dump processes of your own user, or run as root. Where Yama forbids it (kernel.yama.ptrace_scope), start the program with `criujs run -- CMD`; `criujs check` shows what is allowed.',
    });
  }
  // One that is just ending still reports its end: the wait for the stop sees it.
  unlessGone(() => thread.interrupt(), undefined);
  return true;
}

function hasEnded(pid: number, tid: number): boolean {
  return unlessGone(() => /[ZX]/.test(readStat(pid, tid).state), true);
}

/** How a thread that was asked to stop answered: the signal of its stop, its end, or nothing in the time that it was given. */
export type Standing = { readonly signal: number } | 'ended' | 'stuck';

/** Waits for the next stop of a traced thread. null: nothing came in time. @throws LinuxError ESRCH or ECHILD where it ended */
export type StopWait = (thread: Tracee) => { readonly signal: number; readonly event: number } | null;

/**
 * Waits for the stop that was asked for and lets signals that were on their way through. The signal of the stop is SIGTRAP, or
 * what had stopped the process.
 */
export function standStill(thread: Tracee, wait: StopWait): Standing {
  try {
    for (;;) {
      const stop = wait(thread);
      if (stop === null) return 'stuck';
      if (stop.event === ptraceEvent.STOP) return { signal: stop.signal };
      thread.resume(stop.event === 0 ? stop.signal : 0);
    }
  } catch (error) {
    if (isGone(error)) return 'ended';
    throw error;
  }
}
