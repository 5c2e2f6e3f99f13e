import type { TaskImage, TreeImage, ZombieImage } from '../../engine/restore/read.ts';
import { cloneFlag } from '../../facts/clone.ts';
import type { Birth } from '../../kinds/trees/session-births.ts';
import { sharingFlags } from '../../kinds/trees/shared-tables.ts';
import { cloneTask, own } from './clone.ts';
import { setGroups } from './groups.ts';
import type { BuiltThread, Workshop } from './helper.ts';
import { endAsBefore } from './zombie.ts';

/** How to make the tree. */
export interface ForkOptions {
  /** Let the kernel choose pids. */
  readonly newPids: boolean;
  /** false: the root becomes a child of the engine's process. */
  readonly detach: boolean;
  readonly exitSignal: (pid: number) => number;
  /** How a process is born into its session. */
  readonly birth: (pid: number) => Birth;
  /** Called for each process that lives, before its children are cloned. */
  readonly born: (pid: number, thread: BuiltThread) => void;
  /** Called for each that lives when it leads its session, before that has others. */
  readonly led: (pid: number, thread: BuiltThread) => void;
}

/** The processes, each a copy of the helper, with the pids, sessions and groups that they are to have. */
export interface Fork {
  /** The main thread of every living process, by its pid in the images. */
  readonly tasks: ReadonlyMap<number, BuiltThread>;
  /** Pids and thread ids in the images to those that they have now. */
  readonly ids: ReadonlyMap<number, number>;
}

/** Clones the tree from the helper, parents first. */
export function forkTree(tree: TreeImage, helper: BuiltThread, workshop: Workshop, options: ForkOptions): Fork {
  const tasks = new Map<number, BuiltThread>();
  const ids = new Map<number, number>();
  const ended: { thread: BuiltThread; parent: BuiltThread; image: ZombieImage }[] = [];
  const children = new Map<number, (TaskImage | ZombieImage)[]>();
  const [root, ...others] = tree.tasks as [TaskImage, ...(TaskImage | ZombieImage)[]];
  for (const task of others) children.set(task.ppid, [...(children.get(task.ppid) ?? []), task]);

  /** Those whom others than their parent give birth to, by the number of their session. */
  const wards = new Map<number, (TaskImage | ZombieImage)[]>();
  for (const task of others)
    if (options.birth(task.pid).by !== 'parent') wards.set(task.sid, [...(wards.get(task.sid) ?? []), task]);
  const isWard = (task: TaskImage | ZombieImage): boolean => wards.get(task.sid)?.includes(task) ?? false;

  const fork = (task: TaskImage | ZombieImage, parent: BuiltThread, of: TaskImage | null, maker = parent): void => {
    const isSibling = maker !== parent || (of === null && !options.detach);
    const isSharing = of !== null && maker === parent && task.state !== 'zombie';
    const flags = isSibling ? cloneFlag.parent : isSharing ? sharingFlags(task, of) : 0;
    const thread = cloneTask(maker, workshop, {
      tid: task.pid,
      flags,
      exitSignal: isSibling ? 0 : options.exitSignal(task.pid),
      newPids: options.newPids,
    });
    ids.set(task.pid, thread.tid);
    const led = wards.get(task.pid) ?? [];
    // While it has its parent's memory, as they are to begin with.
    if (led.length > 0) lead(thread, task);
    for (const ward of led) fork(ward, parent, of, thread);
    if (task.state === 'zombie') {
      if (task.sid === task.pid && led.length === 0) lead(thread);
      ended.push({ thread, parent, image: task });
      return;
    }
    tasks.set(task.pid, thread);
    options.born(task.pid, thread);
    const born = (children.get(task.pid) ?? []).filter((child) => !isWard(child));
    const [early, late] = bySession(task, born);
    for (const child of early) fork(child, thread, task);
    if (task.sid === task.pid && led.length === 0) lead(thread, task);
    for (const child of late) fork(child, thread, task);
    for (const child of children.get(task.pid) ?? [])
      if (options.birth(child.pid).by === 'stand-in' && !ids.has(child.sid)) standIn(child.sid, thread, task);
  };
  const lead = (thread: BuiltThread, task?: TaskImage | ZombieImage): void => {
    own(thread, workshop, 'setsid', []);
    if (task !== undefined && task.state !== 'zombie') options.led(task.pid, thread);
  };
  /** Leads a session, and its group, until those are born who are in it. */
  const standIn = (sid: number, parent: BuiltThread, of: TaskImage): void => {
    const members = wards.get(sid) ?? [];
    const exitSignal = options.exitSignal((members[0] as TaskImage | ZombieImage).pid);
    const leader = cloneTask(parent, workshop, { tid: sid, flags: 0, exitSignal, newPids: options.newPids });
    ids.set(sid, leader.tid);
    lead(leader);
    for (const member of members) fork(member, parent, of, leader);
    workshop.made.end(leader.tid);
    own(parent, workshop, 'wait4', [leader.tid, 0, waitAll, 0]);
  };
  fork(root, helper, null);
  const members = new Map([...tasks, ...ended.map(({ thread, image }) => [image.pid, thread] as const)]);
  setGroups(tree, members, ids, workshop, options.newPids);
  // Only a process that still runs can join a group, and only a group that still has a process can be joined.
  for (const { thread, parent, image } of ended) endAsBefore(thread, parent, image, workshop);
  return { tasks, ids };
}

/** __WALL: also those whose exit signal is another. wait(2). */
const waitAll = 0x4000_0000;

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
