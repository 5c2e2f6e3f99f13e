import { arena } from '../arena.ts';
import { errno } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

/** What wait4(2) reports of a thread or a child. `event` is 0 except in the stops of PTRACE_EVENT_*. */
export type Stop =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: number }
  | { readonly kind: 'stopped'; readonly signal: number; readonly event: number };

/** Flags of wait4(2). */
export const waitFlag = { WNOHANG: 1, WUNTRACED: 2, WCLONE: 0x80000000 } as const;

/** Children of every kind: those of clone(2) without SIGCHLD too. */
const WALL = 0x40000000;

/**
 * Waits until `tid` stops or ends, wait4(2) with `__WALL`: for this one only, never for any child.
 * Answers null when `flags` has WNOHANG and there is nothing to report.
 */
export function waitFor(tid: number, flags = 0): Stop | null {
  if (!Number.isInteger(tid) || tid <= 0) throw new RangeError(`waitFor takes the id of one thread, got ${tid}`);
  return arena.scope(() => {
    const status = arena.alloc(4);
    let result: number;
    do {
      result = trySyscall('wait4', tid, status.address, WALL | flags, 0);
    } while (result === -errno.EINTR);
    expectSuccess(result, 'wait4', { about: `for ${tid}`, pid: tid });
    return result === 0 ? null : decodeStatus(status.view.getInt32(0, true));
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
