import type { ExitStatus } from '@criujs/engine-kit';
import { LinuxError, type Stop, waitFlag, waitFor } from '@criujs/linux';

/** Milliseconds between checks where no signal reports a child's end: in a worker thread. */
const lookMs = 1000;

/** Waits for the end of a child that Node does not know: CRIU made it our child. Never rejects. */
export function exitOf(pid: number): Promise<ExitStatus> {
  return new Promise((resolve) => {
    const look = (): void => {
      const status = statusOf(pid);
      if (status === null) return;
      process.off('SIGCHLD', look);
      clearInterval(timer);
      resolve(status);
    };
    const timer = setInterval(look, lookMs);
    process.on('SIGCHLD', look);
    look();
  });
}

/** null: it lives. */
function statusOf(pid: number): ExitStatus | null {
  let stop: Stop | null;
  try {
    stop = waitFor(pid, waitFlag.WNOHANG);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    // It is not our child, for example if the program criu is a wrapper that starts another: nothing more can be known.
    return { code: 1 };
  }
  if (stop?.kind === 'exited') return { code: stop.code };
  return stop?.kind === 'killed' ? { signal: stop.signal } : null;
}
