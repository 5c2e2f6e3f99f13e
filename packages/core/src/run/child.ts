import { setImmediate } from 'node:timers/promises';
import type { ExitStatus } from '@criujs/engine-kit';
import { arena, pidfdOpen, trySyscall, waitFlag, waitFor } from '@criujs/linux';

/** Milliseconds of one sleep: a thread in a system call cannot be asked to end. */
const sleepMs = 250;
/** poll(2): POLLIN, which a pidfd shows once its process has ended. */
const pollIn = 1;

/** Waits for a child of this process that libuv does not know, without blocking the thread for long. */
export async function waitForChild(pid: number): Promise<ExitStatus> {
  const pidfd = pidfdOpen(pid);
  const request = arena.alloc(8);
  request.view.setInt32(0, pidfd, true);
  request.view.setInt16(4, pollIn, true);
  try {
    for (;;) {
      const stop = waitFor(pid, waitFlag.WNOHANG);
      if (stop?.kind === 'exited') return { code: stop.code };
      if (stop?.kind === 'killed') return { signal: stop.signal };
      trySyscall('poll', request.address, 1, sleepMs);
      await setImmediate();
    }
  } finally {
    trySyscall('close', pidfd);
  }
}
