import type { TaskImage, TreeImage, ZombieImage } from '../../engine/restore/read.ts';
import { cloneFlag } from '../../facts/clone.ts';
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
  /** Called for each process that lives, before its children are cloned. */
  readonly born: (pid: number, thread: BuiltThread) => void;
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
      if (task.sid === task.pid) own(thread, workshop, 'setsid', []);
      ended.push({ thread, parent, image: task });
      return;
    }
    tasks.set(task.pid, thread);
    options.born(task.pid, thread);
    const [early, late] = bySession(task, children.get(task.pid) ?? []);
    for (const child of early) fork(child, thread, false);
    if (task.sid === task.pid) own(thread, workshop, 'setsid', []);
    for (const child of late) fork(child, thread, false);
  };
  fork(root, helper, true);
  const members = new Map([...tasks, ...ended.map(({ thread, image }) => [image.pid, thread] as const)]);
  setGroups(tree, members, ids, workshop, options.newPids);
  // Only a process that still runs can join a group, and only a group that still has a process can be joined.
  for (const { thread, parent, image } of ended) endAsBefore(thread, parent, image, workshop);
  return { tasks, ids };
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
