import { invalid } from '../rules.ts';
import type { Family, Relative, TreeIdentity, TreeKind, TreeProblem } from './kind.ts';

/** Sessions and process groups. setsid(2), setpgid(2). */
export const sessions: TreeKind = {
  name: 'sessions and process groups',
  describe: [{ subject: 'processes', taken: ['sessions and groups'] }],
  recognise,
  check,
};

const file = 'pstree.img';

/** A process whose session no restored process could be born into. */
interface Stranger {
  readonly task: Relative;
  readonly session: number;
  readonly why: string;
}

/**
 * A session can only be made by its leader and inherited from there. Sessions from outside of the tree are taken over from whoever
 * restores.
 */
function strangers(tree: Family): Stranger[] {
  const byPid = new Map(tree.tasks.map((task) => [task.pid, task]));
  return tree.tasks.flatMap((task): Stranger[] => {
    const { session } = task.stat;
    if (session === task.pid || task.ppid === 0 || isInherited(byPid, task.ppid, session)) return [];
    return [{ task, session, why: 'none of its ancestors is or was in that session' }];
  });
}

function recognise(tree: Family): TreeProblem[] {
  return strangers(tree).map(({ task: { pid, command }, session, why }) => ({
    pid,
    command,
    resource: `session ${session}`,
    why,
    remedy: 'Dump it with CRIU.',
  }));
}

/** A parent may have left a session by setsid() after the child was born: then an older ancestor is still in it. */
function isInherited(byPid: ReadonlyMap<number, Relative>, parent: number, session: number): boolean {
  for (let task = byPid.get(parent); task !== undefined; task = byPid.get(task.ppid)) {
    if (task.stat.session === session) return true;
    if (task.stat.session !== task.pid) return false;
  }
  return true;
}

/** Whether processes could be born into what the images say. */
function check({ tasks }: TreeIdentity): void {
  const sessionOf = new Map(tasks.map(({ pid, sid }) => [pid, sid]));
  const groups = new Map<number, number>();
  for (const { pid, pgid, sid } of tasks) {
    if (sid === pid && pgid !== pid) throw invalid(file, `process ${pid} leads a session and is in the group ${pgid}`);
    const session = groups.get(pgid) ?? sessionOf.get(pgid) ?? sid;
    groups.set(pgid, session);
    if (session !== sid)
      throw invalid(file, `the group ${pgid} of process ${pid} is in the sessions ${session} and ${sid}`);
  }
  const [refused] = strangers({
    tasks: tasks.map(({ pid, ppid, sid, state }, at) => ({
      pid,
      ppid: at === 0 ? 0 : ppid,
      command: '',
      stat: { session: sid },
      state,
    })),
  });
  if (refused !== undefined)
    throw invalid(file, `process ${refused.task.pid} is in session ${refused.session}, and ${refused.why}`);
}
