import { setTimeout } from 'node:timers/promises';
import type { ExitStatus } from '@criujs/engine-kit';
import { arena, pidfdOpen, trySyscall, waitFlag, waitFor } from '@criujs/linux';

/** Milliseconds of one sleep: a thread in a system call cannot be asked to end. */
const sleepMs = 250;
/** poll(2): POLLIN, which a pidfd shows once its process has ended. */
const pollIn = 1;

/** Between two looks, for questions to this thread. */
const restMs = 5;

/**
 * Waits for a child of this process that libuv does not know, without blocking the thread for long. Only one that has ended is waited
 * for: while it runs another thread may dump it, and wait(2) would take the stops that the other waits for.
 */
export async function waitForChild(pid: number): Promise<ExitStatus> {
  const pidfd = pidfdOpen(pid);
  const request = arena.alloc(8);
  request.view.setInt32(0, pidfd, true);
  request.view.setInt16(4, pollIn, true);
  try {
    for (;;) {
      const stop = trySyscall('poll', request.address, 1, sleepMs) > 0 ? waitFor(pid, waitFlag.WNOHANG) : null;
      if (stop?.kind === 'exited') return { code: stop.code };
      if (stop?.kind === 'killed') return { signal: stop.signal };
      await setTimeout(restMs);
    }
  } finally {
    trySyscall('close', pidfd);
  }
}
