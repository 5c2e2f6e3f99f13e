import { arena, type Block } from '../arena.ts';
import { errno } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

/** What wait4(2) reports of a thread or a child. `event` is 0 except in the stops of PTRACE_EVENT_*. */
export type Stop =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: number }
  | { readonly kind: 'stopped'; readonly signal: number; readonly event: number };

/**
 * Called again and again while `waitPatiently` waits: with the id of the thread that it waits for, and for how many
 * milliseconds it has. What it throws ends the wait.
 */
export type Waiting = (tid: number, ms: number) => void;

/** Flags of wait4(2). */
export const waitFlag = { WNOHANG: 1, WUNTRACED: 2, WCLONE: 0x80000000 } as const;

/** Children of every kind: those of clone(2) without SIGCHLD too. */
const WALL = 0x40000000;

/** Looks without a pause before the first nap: a thread that runs a few calls stops within microseconds. */
const looksAwake = 100;
/** Microseconds of a nap. Each lasts an eighth of the time waited so far, so that none makes a wait much longer. */
const nap = { shortest: 50, longest: 2000, share: 1 / 8 } as const;

/**
 * Waits until `tid` stops or ends, wait4(2) with `__WALL`: for this one only, never for any child.
 * Answers null when `flags` has WNOHANG and there is nothing to report.
 */
export function waitFor(tid: number, flags = 0): Stop | null {
  check(tid, 'waitFor');
  return arena.scope(() => look(tid, flags, arena.alloc(4)));
}

/**
 * Waits until `tid` stops or ends, as `waitFor` does, but never inside the kernel: `waiting` is called every few
 * milliseconds at least.
 * @throws whatever `waiting` throws
 */
export function waitPatiently(tid: number, waiting: Waiting): Stop {
  check(tid, 'waitPatiently');
  return arena.scope(() => {
    const status = arena.alloc(4);
    for (let looks = 0; looks < looksAwake; looks++) {
      const stop = look(tid, waitFlag.WNOHANG, status);
      if (stop !== null) return stop;
      trySyscall('sched_yield');
    }
    const begun = performance.now();
    const time = arena.alloc(16);
    for (;;) {
      const ms = performance.now() - begun;
      waiting(tid, ms);
      sleep(time, Math.min(nap.longest, Math.max(nap.shortest, ms * 1000 * nap.share)));
      const stop = look(tid, waitFlag.WNOHANG, status);
      if (stop !== null) return stop;
    }
  });
}

/** Reads a wait status. */
export function decodeStatus(status: number): Stop {
  const low = status & 0x7f;
  const high = (status >> 8) & 0xff;
  if (low === 0) return { kind: 'exited', code: high };
  if (low === 0x7f) return { kind: 'stopped', signal: high, event: status >>> 16 };
  return { kind: 'killed', signal: low };
}

function look(tid: number, flags: number, status: Block): Stop | null {
  let result: number;
  do {
    result = trySyscall('wait4', tid, status.address, WALL | flags, 0);
  } while (result === -errno.EINTR);
  expectSuccess(result, 'wait4', { about: `for ${tid}`, pid: tid });
  return result === 0 ? null : decodeStatus(status.view.getInt32(0, true));
}

/** nanosleep(2). `time` is a struct timespec. */
function sleep(time: Block, microseconds: number): void {
  time.view.setBigInt64(0, 0n, true);
  time.view.setBigInt64(8, BigInt(Math.round(microseconds * 1000)), true);
  trySyscall('nanosleep', time.address, 0);
}

function check(tid: number, who: string): void {
  if (!Number.isInteger(tid) || tid <= 0) throw new RangeError(`${who} takes the id of one thread, got ${tid}`);
}
