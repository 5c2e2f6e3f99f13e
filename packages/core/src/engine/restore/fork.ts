import { readFileSync } from 'node:fs';
import { LinuxError, signals, waitFor, writeMemory } from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import { cloneArgs, cloneFlag, threadFlags } from '../../facts/clone.ts';
import { callOnce } from '../batch.ts';
import { type BuiltThread, built, endTask, type Workshop } from './helper.ts';
import type { TaskImage, TreeImage, ZombieImage } from './read.ts';

/** How the tree is to be made. */
export interface ForkOptions {
  /** Let the kernel choose pids. */
  readonly newPids: boolean;
  /** false: the root becomes a child of the engine's process. */
  readonly detach: boolean;
  readonly exitSignal: (pid: number) => number;
}

/** The processes, each a copy of the helper, with the pids, sessions and groups that they are to have. */
export interface Fork {
  /** The main thread of every living process, by its pid in the images. */
  readonly tasks: ReadonlyMap<number, BuiltThread>;
  /** Pids and thread ids in the images to those that they have now. */
  readonly ids: ReadonlyMap<number, number>;
}

/** How long a pid may stay taken by a process that is about to be reaped, in tries of 10 ms. */
const patience = 300;

/** Clones the tree from the helper, parents first. */
export function forkTree(tree: TreeImage, helper: BuiltThread, workshop: Workshop, options: ForkOptions): Fork {
  const tasks = new Map<number, BuiltThread>();
  const ids = new Map<number, number>();
  const children = new Map<number, (TaskImage | ZombieImage)[]>();
  const [root, ...others] = tree.tasks as [TaskImage, ...(TaskImage | ZombieImage)[]];
  for (const task of others) children.set(task.ppid, [...(children.get(task.ppid) ?? []), task]);

  const fork = (task: TaskImage | ZombieImage, parent: BuiltThread, inRoot: boolean): void => {
    const flags = inRoot && !options.detach ? cloneFlag.parent : 0;
    const thread = cloneTask(parent, workshop, {
      tid: task.pid,
      flags,
      exitSignal: flags ? 0 : options.exitSignal(task.pid),
      newPids: options.newPids,
    });
    ids.set(task.pid, thread.tid);
    if (task.state === 'zombie') {
      end(thread, parent, task.exitCode, workshop);
      return;
    }
    tasks.set(task.pid, thread);
    const [early, late] = bySession(task, children.get(task.pid) ?? []);
    for (const child of early) fork(child, thread, false);
    if (task.sid === task.pid) own(thread, workshop, 'setsid', []);
    for (const child of late) fork(child, thread, false);
  };
  try {
    fork(root, helper, true);
    setGroups(tree, tasks, ids, workshop, options.newPids);
    return { tasks, ids };
  } catch (error) {
    endTasks(tasks);
    throw error;
  }
}

/** Ends what was made of a tree whose restore failed. */
export function endTasks(tasks: ReadonlyMap<number, BuiltThread>): void {
  for (const { tid } of [...tasks.values()].reverse()) endTask(tid);
}

/** Children in the session that their parent had before it made its own must be born before it does. */
function bySession(
  parent: TaskImage,
  children: readonly (TaskImage | ZombieImage)[],
): [(TaskImage | ZombieImage)[], (TaskImage | ZombieImage)[]] {
  const leads = parent.sid === parent.pid;
  const isEarly = (child: TaskImage | ZombieImage): boolean =>
    leads && child.sid !== parent.sid && child.sid !== child.pid;
  return [children.filter(isEarly), children.filter((child) => !isEarly(child))];
}

/** A new task that its parent clones, stopped before its first instruction. */
export function cloneTask(
  parent: BuiltThread,
  workshop: Workshop,
  how: { tid: number; flags: number; exitSignal: number; newPids: boolean },
): BuiltThread {
  const args = Buffer.alloc(cloneArgs.size + 8);
  args.writeBigUInt64LE(BigInt(how.flags), cloneArgs.flags);
  args.writeBigUInt64LE(BigInt(how.exitSignal), cloneArgs.exitSignal);
  if (!how.newPids) {
    args.writeBigUInt64LE(BigInt(workshop.data.start + cloneArgs.size), cloneArgs.setTid);
    args.writeBigUInt64LE(1n, cloneArgs.setTidSize);
    args.writeInt32LE(how.tid, cloneArgs.size);
  }
  writeMemory(parent.pid, workshop.data.start, args);
  const tid = cloneWithPatience(parent, workshop, how);
  return built(tid, how.flags & cloneFlag.thread ? parent.pid : tid);
}

/** A new thread of a process. */
export function cloneThread(leader: BuiltThread, workshop: Workshop, tid: number, newPids: boolean): BuiltThread {
  return cloneTask(leader, workshop, { tid, flags: threadFlags, exitSignal: 0, newPids });
}

function cloneWithPatience(parent: BuiltThread, workshop: Workshop, how: { tid: number; newPids: boolean }): number {
  for (let tries = 0; ; tries++) {
    try {
      const tid = own(parent, workshop, 'clone3', [workshop.data.start, cloneArgs.size]);
      if (waitFor(tid)?.kind !== 'stopped')
        throw new EngineError('TARGET_DIED', `process ${tid} ended before it began`);
      return tid;
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      // Whoever has to reap the dumped process may be slow about it.
      if (error.code !== 'EEXIST' || tries >= patience) throw cloneFailed(error, how.tid);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

const cloneErrors: Readonly<Record<string, (tid: number) => EngineError>> = {
  EEXIST: (tid) =>
    new EngineError('PID_TAKEN', `the pid ${tid} is taken ${takenBy(tid)}`, {
      pid: tid,
      remedy: 'End that process, or restore with new pids: --new-pids.',
    }),
  EPERM: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `this user may not give a process the pid ${tid}`, {
      pid: tid,
      remedy:
        'Restore with new pids (--new-pids), in a user namespace (unshare -U -r -p -f --mount-proc), or as root (CAP_CHECKPOINT_RESTORE).',
    }),
  ENOSYS: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `clone3(2) is refused here, so no process can get the pid ${tid}`, {
      pid: tid,
      remedy: "Allow clone3 in the container's seccomp filter; `criujs check` tells more.",
    }),
  EINVAL: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `the kernel gives no process the pid ${tid} here`, {
      pid: tid,
      remedy: 'Raise kernel.pid_max, or restore with new pids: --new-pids.',
    }),
};

function cloneFailed(error: LinuxError, tid: number): Error {
  return cloneErrors[error.code]?.(tid) ?? error;
}

function takenBy(pid: number): string {
  try {
    return `by another process: ${pid} (${readFileSync(`/proc/${pid}/comm`, 'latin1').trim()})`;
  } catch {
    // The number is not free as long as a session or a group goes by it.
    return 'as the number of a session or process group that is still alive';
  }
}

/** A call of a task in its own name. */
export function own(
  thread: BuiltThread,
  workshop: Workshop,
  name: Parameters<typeof callOnce>[1],
  args: Parameters<typeof callOnce>[2],
): number {
  const { tracee, base } = thread;
  return callOnce({ thread: tracee, base, instruction: workshop.instruction, stack: workshop.end - 4096 }, name, args);
}

/** The part of a wait status that says which signal ended a process. wait(2), WTERMSIG. */
const signalOf = (status: number): number => status & 0x7f;

/** Ends a process the way it had ended before, and leaves it for its parent to find. */
function end(thread: BuiltThread, parent: BuiltThread, status: number, workshop: Workshop): void {
  const signal = signalOf(status);
  // No core file of our helper's memory.
  writeMemory(thread.pid, workshop.data.start, Buffer.alloc(16));
  own(thread, workshop, 'prlimit64', [0, rlimitCore, workshop.data.start, 0]);
  if (signal === 0) exit(thread, workshop, (status >> 8) & 0xff);
  else die(thread, signal);
  // The parent had heard of this end before: a call of its own lets the new SIGCHLD arrive, and pass, now.
  own(parent, workshop, 'getpid', []);
}

/** RLIMIT_CORE. getrlimit(2). */
const rlimitCore = 4;

function exit(thread: BuiltThread, workshop: Workshop, code: number): void {
  try {
    own(thread, workshop, 'exit_group', [code]);
  } catch {
    // It never comes back from this call.
  }
}

function die(thread: BuiltThread, signal: number): void {
  process.kill(thread.pid, signal);
  // SIGKILL waits for nobody's permission.
  if (signal !== signals.SIGKILL) thread.tracee.resume();
  for (let stop = waitFor(thread.tid); stop?.kind === 'stopped'; stop = waitFor(thread.tid))
    thread.tracee.resume(stop.event === 0 ? stop.signal : 0);
}

/** Process groups: leaders first, then members; a group whose leader has ended gets a leader for a moment. */
function setGroups(
  tree: TreeImage,
  tasks: ReadonlyMap<number, BuiltThread>,
  ids: ReadonlyMap<number, number>,
  workshop: Workshop,
  newPids: boolean,
): void {
  const living = tree.tasks.filter((task): task is TaskImage => task.state !== 'zombie');
  const root = living[0] as TaskImage;
  for (const { pid, pgid, sid } of living) {
    if (pgid === pid && sid !== pid) own(tasks.get(pid) as BuiltThread, workshop, 'setpgid', [0, 0]);
  }
  const leaderless = new Map<number, TaskImage[]>();
  for (const task of living) {
    if (task.pgid === task.pid) continue;
    if (tasks.has(task.pgid))
      own(tasks.get(task.pid) as BuiltThread, workshop, 'setpgid', [0, ids.get(task.pgid) as number]);
    // The root's group came from outside, and whoever restores gives it now.
    else if (task.pgid !== root.pgid) leaderless.set(task.pgid, [...(leaderless.get(task.pgid) ?? []), task]);
  }
  for (const [pgid, members] of leaderless) {
    const first = tasks.get((members[0] as TaskImage).pid) as BuiltThread;
    const leader = cloneTask(first, workshop, { tid: pgid, flags: 0, exitSignal: signals.SIGCHLD, newPids });
    own(leader, workshop, 'setpgid', [0, 0]);
    for (const { pid } of members) own(tasks.get(pid) as BuiltThread, workshop, 'setpgid', [0, leader.tid]);
    endTask(leader.tid);
    own(first, workshop, 'wait4', [leader.tid, 0, 0, 0]);
  }
}
