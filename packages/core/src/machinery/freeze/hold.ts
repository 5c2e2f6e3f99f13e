import { isOver, pause } from '@criujs/engine-kit/targets';
import {
  errno,
  LinuxError,
  standingStop,
  type Tracee,
  tracee,
  unlessGone,
  type Waiting,
  waitFlag,
  waitFor,
} from '@criujs/linux';
import { isOwnChild } from './child-signals.ts';
import { type Standing, type StopWait, seize, standStill } from './seize.ts';

/**
 * How long a thread may take until it stops, in milliseconds. One in vfork(2) stops only when its child has gone on, and one
 * that the kernel holds (a file system that does not answer) not at all.
 */
const stopMs = 500;
/** The same for one that will be released again. */
const releaseMs = 50;
/** The pauses between two looks grow from the first to the second, in milliseconds. */
const pauses = { first: 0.05, last: 2 } as const;

/** The threads that we trace. */
export interface Hold {
  /** Attaches and asks for a stop, if that has not been done. False where the thread has ended meanwhile. */
  take(tid: number, pid: number): boolean;
  /** Waits for the stop of one that was taken. @throws EngineError ABORTED */
  still(tid: number): Standing;
  /** Reads a stopped thread; null if it has ended meanwhile. @throws EngineError ABORTED */
  read<T>(tid: number, read: (thread: Tracee) => T): T | null;
  /** Forgets a thread that has ended, or become another one. */
  forget(tid: number): void;
  /**
   * Releases all but one as they were found, and reaps those that have ended. Never throws. A thread that has not stopped yet
   * cannot be released; the kernel does that when the engine's thread ends.
   */
  release(but?: number): void;
}

interface Held {
  readonly thread: Tracee;
  readonly pid: number;
  /** null until it is stopped. */
  signal: number | null;
}

/**
 * @param checkAborted is asked for each thread, and while one does not stop; it may throw
 * @param waiting watches over the waits of the threads that are held, once they run calls of ours
 */
export function createHold(checkAborted: () => void, waiting: Waiting): Hold {
  const all = new Map<number, Held>();

  function held(tid: number): Held {
    const found = all.get(tid);
    if (found === undefined) throw new RangeError(`thread ${tid} is not held`);
    return found;
  }

  return {
    take(tid, pid) {
      if (all.has(tid)) return true;
      const thread = tracee(tid, waiting);
      if (!seize(thread, pid)) return false;
      all.set(tid, { thread, pid, signal: null });
      return true;
    },
    still(tid) {
      checkAborted();
      const one = held(tid);
      if (one.signal !== null) return { signal: one.signal };
      const found = standStill(one.thread, (thread) => nextStop(thread, stopMs, checkAborted));
      if (typeof found === 'object') one.signal = found.signal;
      else if (found === 'ended') all.delete(tid);
      return found;
    },
    read(tid, read) {
      checkAborted();
      return unlessGone(() => read(held(tid).thread), null);
    },
    forget(tid) {
      const one = held(tid);
      one.signal = null;
      if (isLetGo(one.thread, one.pid)) all.delete(tid);
    },
    release(but) {
      const others = [...all].filter(([tid]) => tid !== but);
      for (const [tid, { thread, signal }] of others) if (signal !== null && detached(thread)) all.delete(tid);
      // Leaders last: their end counts when it is the last of their process.
      for (const [tid, { thread, pid }] of others.reverse()) if (all.has(tid) && isLetGo(thread, pid)) all.delete(tid);
    },
  };
}

/**
 * A stop that is not consumed would lose its signal, and an end that is not consumed would be hidden from the parent. Where this
 * process is the parent, the end is Node's to wait for: who takes it away leaves Node with a child that never ends, and, once a
 * restore gives another process that pid, with a claim to the stops of that one.
 */
function isLetGo(thread: Tracee, pid: number): boolean {
  try {
    const look = thread.tid === pid && isOwnChild(pid) ? lookAtChild : lookAt;
    const stop = nextStop(thread, releaseMs, () => undefined, look);
    if (stop === null) return false;
    thread.detach(stop.event === 0 ? stop.signal : 0);
    return true;
  } catch {
    // It has ended: there is nothing left to release.
    return true;
  }
}

function detached(thread: Tracee): boolean {
  try {
    thread.detach();
    return true;
  } catch {
    // It was ended by somebody else.
    return false;
  }
}

/** What a look at a thread shows, without waiting. */
type Look = (tid: number) => ReturnType<StopWait> | 'ended';

/** Reaps a thread that has ended. */
function lookAt(tid: number): ReturnType<Look> {
  const stop = waitFor(tid, waitFlag.WNOHANG) ?? standingStop(tid);
  return stop === null || stop.kind === 'stopped' ? stop : 'ended';
}

/** Leaves one that has ended as it is. */
function lookAtChild(pid: number): ReturnType<Look> {
  return standingStop(pid) ?? (isOver(pid) ? 'ended' : null);
}

/** Looks for a stop again and again instead of sleeping until there is one, which may never come. */
function nextStop({ tid }: Tracee, ms: number, checkAborted: () => void, look: Look = lookAt): ReturnType<StopWait> {
  const until = performance.now() + ms;
  for (let rest: number = pauses.first; ; rest = Math.min(rest * 2, pauses.last)) {
    const stop = look(tid);
    if (stop === 'ended') throw new LinuxError('wait4', errno.ESRCH, { about: `for thread ${tid}`, pid: tid });
    if (stop !== null) return stop;
    checkAborted();
    if (performance.now() > until) return null;
    pause(rest);
  }
}
