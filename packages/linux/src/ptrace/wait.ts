import { arena, type Block } from '../arena.ts';
import { errno } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';
import { ptraceRequest } from './requests.ts';

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

/** waitid(2): P_PID, and WSTOPPED | WNOHANG | __WALL, which takes a stop and leaves an end. */
const take = { byPid: 1, stops: 0x2 | 0x1 | WALL } as const;

/** `siginfo_t`: its length, `si_signo` and `si_code`. sigaction(2) */
const siginfo = { length: 128, signal: 0, code: 8 } as const;

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
 * milliseconds at least. Sees stops that another thread of this process has waited for, as `standingStop` does.
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
      const stop = look(tid, waitFlag.WNOHANG, status) ?? standingStop(tid);
      if (stop !== null) return stop;
    }
  });
}

/**
 * The stop in which a traced thread stands right now, without waiting; null while it runs or when it has ended. Its end is
 * left to whoever waits for it.
 *
 * wait4(2) reports each stop to one waiter only, and every thread of the process may be that one: Node asks for its children
 * whenever one of them changes. So the thread itself is asked, PTRACE_GETSIGINFO, which tells the same.
 */
export function standingStop(tid: number): (Stop & { readonly kind: 'stopped' }) | null {
  return arena.scope(() => {
    const info = arena.alloc(siginfo.length);
    if (trySyscall('ptrace', ptraceRequest.GETSIGINFO, tid, 0, info.address) < 0) return null;
    const stop = decodeSiginfo(info.view.getInt32(siginfo.signal, true), info.view.getInt32(siginfo.code, true));
    trySyscall('waitid', take.byPid, tid, info.address, take.stops, 0);
    return stop;
  });
}

/** Reads what PTRACE_GETSIGINFO says of a stop. kernel/signal.c, `ptrace_do_notify`: `si_code` has the event and the signal. */
export function decodeSiginfo(signal: number, code: number): Stop & { readonly kind: 'stopped' } {
  const isReport = code > 0x7f && (code & 0x7f) === (signal & 0x7f);
  if (!isReport) return { kind: 'stopped', signal, event: 0 };
  return { kind: 'stopped', signal: code & 0xff, event: code >> 8 };
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
