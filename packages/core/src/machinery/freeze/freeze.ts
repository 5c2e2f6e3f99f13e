import { closeFd, type Registers, readChildren, type Stat, type Status, type Tracee, unlessGone } from '@criujs/linux';
import type { Session } from '../../run/session.ts';
import { dumpWaits, watchWaits } from '../calls/patience.ts';
import { freezeTask, type Stuck } from './freeze-task.ts';
import { createHold, type Hold } from './hold.ts';

/** A thread that is stopped under our trace. */
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

/** A process whose threads are all stopped; a zombie has none that could be traced. */
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

/** A stopped tree. */
export interface FrozenTree {
  /** Parents come before their children; the root is the first. */
  readonly tasks: readonly FrozenTask[];
  /** Sends a SIGSTOP again that arrived while the task ran calls of ours. */
  stopLater(pid: number): void;
  /** Lets all run on as they were found. Never throws: what has died meanwhile needs no release. */
  thaw(): void;
}

/** Called before a process is stopped, however often. `ppid`: its parent, which is stopped; 0 for the root. */
export type BeforeFreeze = (pid: number, ppid: number) => void;

/**
 * Seizes every thread of every process below `root` until nobody new turns up. Nothing of the target is changed.
 *
 * A thread may wait for another one: a parent in vfork(2) stops only when its child has gone on, and that may need a thread that
 * is already stopped. So where one does not stop in time, all others run on until it does; then they are stopped again.
 *
 * @throws EngineError NOT_PERMITTED, TARGET_DIED, TARGET_STUCK, UNSUPPORTED, ABORTED
 */
export function freezeTree(
  root: number,
  session: Pick<Session, 'checkAborted' | 'notice'>,
  before: BeforeFreeze = () => undefined,
): FrozenTree {
  const waiting = watchWaits(session, dumpWaits);
  const hold = createHold(session.checkAborted, waiting);
  const begun = performance.now();
  try {
    for (;;) {
      session.checkAborted();
      const tasks = tryToFreeze(root, hold, before);
      if (!('stuck' in tasks)) return frozen(tasks, hold);
      const { stuck } = tasks;
      hold.release(stuck);
      do waiting(stuck, performance.now() - begun);
      while (hold.still(stuck) === 'stuck');
    }
  } catch (error) {
    hold.release();
    throw error;
  }
}

function frozen(tasks: readonly FrozenTask[], hold: Hold): FrozenTree {
  const stopLater = new Set<number>();
  return {
    tasks,
    stopLater: (pid) => stopLater.add(pid),
    thaw() {
      for (const pid of stopLater) sendStop(pid);
      hold.release();
    },
  };
}

function sendStop(pid: number): void {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch {
    // It has ended: nobody is left who could stop.
  }
}

function tryToFreeze(root: number, hold: Hold, before: BeforeFreeze): readonly FrozenTask[] | Stuck {
  const tasks = new Map<number, FrozenTask>();
  let whole = false;
  try {
    let queue: Relation[] = [[root, 0]];
    while (queue.length > 0) {
      const known = tasks.size;
      for (const [pid, ppid] of queue) {
        if (tasks.has(pid)) continue;
        before(pid, ppid);
        const task = freezeTask(pid, ppid, hold);
        if (task === null) continue;
        if ('stuck' in task) return task;
        tasks.set(pid, task);
        queue.push(...childrenOf(task));
      }
      // One look is not enough: until its parent is stopped, a process may end and leave its children to an ancestor, or make
      // a sibling (CLONE_PARENT), and while children end the kernel may leave others out of their list. Where there is none
      // at all, nobody can come.
      queue =
        tasks.size === known || (tasks.size === 1 && queue.length === 1) ? [] : [...tasks.values()].flatMap(childrenOf);
    }
    whole = true;
    return [...tasks.values()];
  } finally {
    if (!whole) for (const { pidfd } of tasks.values()) closeFd(pidfd);
  }
}

type Relation = readonly [pid: number, ppid: number];

function childrenOf({ pid, threads }: FrozenTask): Relation[] {
  return threads.length === 0 ? [] : unlessGone(() => readChildren(pid), []).map((child): Relation => [child, pid]);
}
