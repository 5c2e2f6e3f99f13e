import { setTimeout } from 'node:timers/promises';
import type { ExitStatus } from '@criujs/engine-kit';
import { arena, pidfdOpen, readable, signals, trySyscall } from '@criujs/linux';

/** Milliseconds of one sleep: a thread in a system call cannot be asked to end. */
const sleepMs = 250;
/** Between two looks, for questions to this thread. */
const restMs = 5;
/** waitid(2): P_PIDFD, WNOHANG | WEXITED. */
const wait = { byPidfd: 3, ended: 5 } as const;
/** `siginfo_t` of a child on x86-64: its length, `si_code`, `si_pid`, `si_status`; CLD_EXITED. sigaction(2). */
const info = { length: 128, code: 8, pid: 16, status: 24, exited: 1 } as const;

/**
 * Waits for a child of this process that libuv does not know, without blocking the thread for long. It waits for the end of this very
 * process and for nothing else: while it runs another thread may dump it and wait for its stops, and when it has ended another one
 * may get its pid.
 */
export async function waitForChild(pid: number): Promise<ExitStatus> {
  const pidfd = pidfdOpen(pid);
  const answer = arena.alloc(info.length);
  try {
    for (;;) {
      if (readable([pidfd], sleepMs * 1000).length > 0) {
        answer.bytes.fill(0);
        // Only a dump of ours reaps it in our place, and that has killed it.
        if (trySyscall('waitid', wait.byPidfd, pidfd, answer.address, wait.ended, 0) < 0)
          return { signal: signals.SIGKILL };
        const status = answer.view.getInt32(info.status, true);
        if (answer.view.getInt32(info.pid, true) !== 0)
          return answer.view.getInt32(info.code, true) === info.exited ? { code: status } : { signal: status };
      }
      await setTimeout(restMs);
    }
  } finally {
    trySyscall('close', pidfd);
  }
}
