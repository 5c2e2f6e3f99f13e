import { readdirSync } from 'node:fs';
import { isOver, pause } from '@criujs/engine-kit/targets';
import { LinuxError, readStatus, readThreads, signals, syscall, trySyscall, waitFlag, waitFor } from '@criujs/linux';
import { describeThread } from '../calls/patience.ts';

/** Milliseconds in which one of the processes that were killed must end, else they are given up. */
const boundMs = 5000;
/** Milliseconds between two looks, growing. */
const look = { first: 0.05, longest: 10 } as const;

/** The processes that a restore has made and not released yet. */
export interface Made {
  /** Notes a process as soon as it exists. */
  add(pid: number): void;
  /** Forgets one whose end was seen here: its pid may be somebody else's. */
  forget(pid: number): void;
  /** Ends one of them and waits for that. */
  end(pid: number): void;
  /** From here on these live on, whatever happens. */
  letGo(pids: Iterable<number>): void;
  /** Ends all. Never throws, and never waits for longer than some seconds: who is left then is named to `warn`. */
  endAll(): void;
}

/** @param warn is called for a process that does not end */
export function createMade(warn: (message: string) => void): Made {
  const pids = new Set<number>();
  let whole = false;

  const endThem = (which: readonly number[], withinMs: number = boundMs): void => {
    for (const pid of which) pids.delete(pid);
    for (const pid of endProcesses(which, withinMs)) warn(`${describeThread(pid)}, was killed but still exists`);
  };

  return {
    add: (pid) => void pids.add(pid),
    forget: (pid) => void pids.delete(pid),
    end: (pid) => endThem([pid]),
    letGo(free) {
      for (const pid of free) pids.delete(pid);
      whole = true;
    },
    endAll() {
      const until = performance.now() + boundMs;
      endThem([...pids].reverse());
      // A clone whose number we never got to know is traced by us from its first moment on.
      if (!whole) endThem(tracedByUs(), until - performance.now());
    },
  };
}

/**
 * Kills processes that are our children or under our trace, and reaps each of their threads: the kernel reports the end of a
 * main thread only when no other thread that we trace is left to be reaped.
 *
 * @returns those that have not ended in time
 */
export function endProcesses(pids: readonly number[], withinMs: number = boundMs): number[] {
  for (const pid of pids) trySyscall('kill', pid, signals.SIGKILL);
  return reapProcesses(pids, withinMs);
}

/**
 * Waits for processes that were killed, as long as they go on ending.
 * @param others those of them that others reap: they are waited for, and only their other threads are reaped
 * @returns those that have not ended in time
 */
export function reapProcesses(
  pids: readonly number[],
  withinMs: number = boundMs,
  others: ReadonlySet<number> = new Set(),
): number[] {
  let until = performance.now() + withinMs;
  // One thread after the other: those that are reaped are not looked at again.
  const reapProcess = (pid: number): boolean => reapThreads(pid) && (others.has(pid) ? isOver(pid) : reap(pid));
  let left = pids.filter((pid) => !reapProcess(pid));
  for (let ms: number = look.first; left.length > 0 && performance.now() < until; ms = Math.min(ms * 2, look.longest)) {
    pause(ms);
    const rest = left.filter((pid) => !reapProcess(pid));
    // A tree of thousands takes its time, and shows that it ends.
    if (rest.length < left.length) until = performance.now() + withinMs;
    left = rest;
  }
  return left;
}

/** True once no thread of a process but the main one is left for us to wait for. */
function reapThreads(pid: number): boolean {
  return threadsOf(pid).every((tid) => tid === pid || reap(tid));
}

function reap(tid: number): boolean {
  try {
    for (;;) {
      const stop = waitFor(tid, waitFlag.WNOHANG);
      if (stop === null) return false;
      if (stop.kind !== 'stopped') return true;
    }
  } catch (error) {
    // ECHILD: it is reaped, or vanished with its main thread.
    if (error instanceof LinuxError) return true;
    throw error;
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readThreads(pid);
  } catch {
    return [];
  }
}

/** Every process that this thread traces. /proc/PID/status names the tracing thread. */
function tracedByUs(): number[] {
  const own = syscall('gettid');
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0 && isTracedBy(pid, own));
}

function isTracedBy(pid: number, tracer: number): boolean {
  try {
    return readStatus(pid).tracerPid === tracer;
  } catch {
    return false;
  }
}
