import type { Refusal } from '@criujs/engine-kit';
import type { Stat } from '@criujs/linux';

/** A process among others, frozen or only looked at. */
export interface Relative {
  readonly pid: number;
  /** 0 for the root. */
  readonly ppid: number;
  readonly command: string;
  readonly stat: Pick<Stat, 'session'>;
  readonly state: 'alive' | 'stopped' | 'zombie';
}

/** A tree, parents first. */
export interface Family {
  readonly tasks: readonly Relative[];
}

/**
 * Refuses processes whose session no restored process could be born into: a session can only be made by its leader and
 * inherited from there. Sessions from outside of the tree are taken over from whoever restores.
 */
export function sessionRefusals(tree: Family): Refusal[] {
  const byPid = new Map(tree.tasks.map((task) => [task.pid, task]));
  return tree.tasks.flatMap((task): Refusal[] => {
    const { session } = task.stat;
    if (session === task.pid || task.ppid === 0) return [];
    if (isInherited(byPid, task.ppid, session)) return [];
    return [
      {
        pid: task.pid,
        command: task.command,
        resource: `session ${session}`,
        why: 'none of its ancestors is or was in that session',
        remedy: 'Dump it with CRIU.',
      },
    ];
  });
}

/** A parent may have left a session by setsid() after the child was born: then an older ancestor is still in it. */
function isInherited(byPid: ReadonlyMap<number, Relative>, parent: number, session: number): boolean {
  for (let task = byPid.get(parent); task !== undefined; task = byPid.get(task.ppid)) {
    if (task.stat.session === session) return true;
    if (task.stat.session !== task.pid) return false;
  }
  return true;
}
