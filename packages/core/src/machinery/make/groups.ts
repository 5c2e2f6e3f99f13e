import { signals } from '@criujs/linux';
import type { TaskImage, TreeImage, ZombieImage } from '../../engine/restore/read.ts';
import { cloneTask, own } from './clone.ts';
import type { BuiltThread, Workshop } from './helper.ts';

/**
 * Process groups: leaders first, then members; a group whose leader is gone gets a leader for a moment. Zombies have groups, too.
 *
 * @param tasks all processes of the tree by their pid in the images; those that are to be zombies still run
 */
export function setGroups(
  tree: TreeImage,
  tasks: ReadonlyMap<number, BuiltThread>,
  ids: ReadonlyMap<number, number>,
  workshop: Workshop,
  newPids: boolean,
): void {
  const [root] = tree.tasks as [TaskImage];
  for (const { pid, pgid, sid } of tree.tasks) {
    if (pgid === pid && sid !== pid) own(tasks.get(pid) as BuiltThread, workshop, 'setpgid', [0, 0]);
  }
  const leaderless = new Map<number, (TaskImage | ZombieImage)[]>();
  for (const task of tree.tasks) {
    if (task.pgid === task.pid) continue;
    if (tasks.has(task.pgid))
      own(tasks.get(task.pid) as BuiltThread, workshop, 'setpgid', [0, ids.get(task.pgid) as number]);
    // The group of a session whose leader is gone: all of the session are born into it.
    else if (task.pgid === task.sid && ids.has(task.sid)) continue;
    // The root's group came from outside; the restoring process provides it now.
    else if (task.pgid !== root.pgid) leaderless.set(task.pgid, [...(leaderless.get(task.pgid) ?? []), task]);
  }
  for (const [pgid, members] of leaderless) {
    const first = tasks.get((members[0] as TaskImage | ZombieImage).pid) as BuiltThread;
    const leader = cloneTask(first, workshop, { tid: pgid, flags: 0, exitSignal: signals.SIGCHLD, newPids });
    own(leader, workshop, 'setpgid', [0, 0]);
    for (const { pid } of members) own(tasks.get(pid) as BuiltThread, workshop, 'setpgid', [0, leader.tid]);
    workshop.made.end(leader.tid);
    own(first, workshop, 'wait4', [leader.tid, 0, 0, 0]);
  }
}
