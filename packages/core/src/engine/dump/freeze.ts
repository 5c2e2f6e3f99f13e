import {
  closeFd,
  LinuxError,
  pidfdOpen,
  type Registers,
  readChildren,
  readStat,
  readStatus,
  readThreads,
  type Stat,
  type Status,
  signals,
  type Tracee,
  tracee,
  type Waiting,
} from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import type { Session } from '../../run/session.ts';
import { dumpWaits, watchWaits } from '../patience.ts';
import { isGone, seize, standStill } from './seize.ts';

/** A thread that stands still under our trace. */
export interface FrozenThread {
  readonly tid: number;
  readonly tracee: Tracee;
  readonly stat: Stat;
  readonly status: Status;
  /** As it was found; this is put back when the target is released. */
  readonly registers: Registers;
  readonly mask: bigint;
  readonly xstate: Buffer;
}

/** A process whose threads all stand still; a zombie has none that could be traced. */
export interface FrozenTask {
  readonly pid: number;
  readonly ppid: number;
  readonly command: string;
  readonly stat: Stat;
  readonly status: Status;
  /** Keeps the pid from being another process's. */
  readonly pidfd: number;
  readonly state: 'alive' | 'stopped' | 'zombie';
  /** The signal that had stopped it, if it is stopped. */
  readonly stopSignal: number;
  readonly threads: readonly FrozenThread[];
}

/** A tree that stands still. */
export interface FrozenTree {
  /** Parents come before their children; the root is the first. */
  readonly tasks: readonly FrozenTask[];
  /** Sends a SIGSTOP again that arrived while the task ran calls of ours. */
  stopLater(pid: number): void;
  /** Lets all run on as they were found. Never throws: what has died meanwhile needs no release. */
  thaw(): void;
}

/**
 * Seizes every thread of every process below `root` until nobody new turns up. Nothing of the target is changed.
 *
 * @throws EngineError NOT_PERMITTED, NO_SUCH_PROCESS, TARGET_DIED, TARGET_STUCK, ABORTED
 */
export function freezeTree(root: number, session: Pick<Session, 'checkAborted' | 'notice'>): FrozenTree {
  const watch: Watch = { waiting: watchWaits(session, dumpWaits), check: session.checkAborted };
  const seized: Tracee[] = [];
  const stopLater = new Set<number>();
  const thaw = (): void => {
    for (const pid of stopLater) ignoreDeath(() => process.kill(pid, 'SIGSTOP'));
    for (const thread of seized) ignoreDeath(() => thread.detach());
  };
  try {
    const tasks: FrozenTask[] = [];
    const queue: [pid: number, ppid: number][] = [[root, 0]];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [pid, ppid] = next;
      watch.check();
      const task = freezeTask(pid, ppid, seized, watch);
      if (task === null) continue;
      tasks.push(task);
      queue.push(...childrenOf(task).map((child): [number, number] => [child, pid]));
    }
    return { tasks, stopLater: (pid) => stopLater.add(pid), thaw };
  } catch (error) {
    thaw();
    throw error;
  }
}

/** What a freeze calls: while a thread does not stop, and before each. What they throw ends it. */
interface Watch {
  readonly waiting: Waiting;
  check(): void;
}

function freezeTask(pid: number, ppid: number, seized: Tracee[], { waiting, check }: Watch): FrozenTask | null {
  const pidfd = openPidfd(pid);
  if (readStat(pid).state === 'Z') return ended(pid, ppid, pidfd);
  const stopped = new Map<number, { thread: Tracee; signal: number }>();
  for (let found = true; found; ) {
    found = false;
    for (const tid of readThreads(pid)) {
      if (stopped.has(tid)) continue;
      check();
      const thread = tracee(tid, waiting);
      if (!seize(thread, pid)) continue;
      seized.push(thread);
      const signal = standStill(thread);
      if (signal === null) continue;
      stopped.set(tid, { thread, signal });
      found = true;
    }
  }
  const leader = stopped.get(pid);
  if (leader === undefined) return stopped.size === 0 ? ended(pid, ppid, pidfd) : leaderless(pid);
  const stat = readStat(pid);
  const threads = [...stopped.entries()]
    .sort(([a], [b]) => Number(b === pid) - Number(a === pid) || a - b)
    .map(([tid, { thread }]) => describe(pid, tid, thread));
  const stopSignal = leader.signal === signals.SIGTRAP ? 0 : leader.signal;
  return {
    pid,
    ppid,
    command: stat.comm,
    stat,
    status: readStatus(pid),
    pidfd,
    state: stopSignal === 0 ? 'alive' : 'stopped',
    stopSignal,
    threads,
  };
}

function describe(pid: number, tid: number, thread: Tracee): FrozenThread {
  return {
    tid,
    tracee: thread,
    stat: readStat(pid, tid),
    status: readStatus(pid, tid),
    registers: thread.registers(),
    mask: thread.signalMask(),
    xstate: thread.xstate(),
  };
}

function zombie(pid: number, ppid: number, pidfd: number): FrozenTask {
  const stat = readStat(pid);
  const status = readStatus(pid);
  return { pid, ppid, command: stat.comm, stat, status, pidfd, state: 'zombie', stopSignal: 0, threads: [] };
}

/** What ended before it stood still: a zombie now, or gone (null) where its parent wants none. The root is the target itself. */
function ended(pid: number, ppid: number, pidfd: number): FrozenTask | null {
  try {
    if (ppid !== 0) return zombie(pid, ppid, pidfd);
  } catch (error) {
    closeFd(pidfd);
    if (isGone(error)) return null;
    throw error;
  }
  closeFd(pidfd);
  throw new EngineError('TARGET_DIED', `process ${pid} ended while it was frozen`, { pid });
}

function leaderless(pid: number): never {
  throw new EngineError('UNSUPPORTED', `cannot dump ${pid}: its main thread has ended while other threads run on`, {
    pid,
    remedy: 'Dump the program before its main thread calls pthread_exit().',
  });
}

function openPidfd(pid: number): number {
  try {
    return pidfdOpen(pid);
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'ESRCH')
      throw new EngineError('NO_SUCH_PROCESS', `no process ${pid}`, { pid });
    throw error;
  }
}

function childrenOf(task: FrozenTask): number[] {
  return task.threads.length === 0 ? [] : readChildren(task.pid);
}

function ignoreDeath(action: () => void): void {
  try {
    action();
  } catch {
    // It has ended by itself, or was ended by somebody else: there is nothing left to release.
  }
}
