/**
 * How a process can be born into its session, which only its leader can make, and who is born later inherits. setsid(2).
 * - `parent`: from its parent, before or after that makes a session of its own;
 * - `sibling`: from the leader, a child of the same parent, which made it the parent's child when its own parent ended;
 * - `stand-in`: from a process that leads the session for a moment, since its leader has ended and is gone;
 * - `nobody`: none of these.
 */
export type Birth =
  | { readonly by: 'parent' | 'sibling' | 'stand-in' }
  | { readonly by: 'nobody'; readonly why: string };

/** Who is who, in a tree that is dumped or in images. */
export interface Kin {
  readonly pid: number;
  /** 0 for the root. */
  readonly ppid: number;
  readonly session: number;
  /** What the parent gets at its end. undefined: SIGCHLD, or nobody knows. */
  readonly exitSignal?: number;
}

/** How each process of a tree can be born, by its pid. */
export function birthsOf(tasks: readonly Kin[]): ReadonlyMap<number, Birth> {
  const byPid = new Map(tasks.map((task) => [task.pid, task]));
  const outside = tasks[0]?.session;
  const birthOf = (task: Kin): Birth => {
    if (task.session === task.pid || task.ppid === 0 || isInherited(byPid, task)) return { by: 'parent' };
    const leader = byPid.get(task.session);
    if (leader !== undefined) return fromLeader(leader, task, tasks);
    if (task.session !== outside) return { by: 'stand-in' };
    return { by: 'nobody', why: notInherited };
  };
  const births = new Map(tasks.map((task) => [task.pid, birthOf(task)]));
  const standIns = tasks.filter(({ pid }) => births.get(pid)?.by === 'stand-in');
  const parents = new Map<number, number>();
  for (const { session, ppid } of standIns) if (!parents.has(session)) parents.set(session, ppid);
  for (const { pid, ppid, session } of standIns) {
    const why = `its leader has ended, and its processes have different parents (${parents.get(session)} and ${ppid})`;
    if (parents.get(session) !== ppid) births.set(pid, { by: 'nobody', why });
  }
  return births;
}

const notInherited = 'none of its ancestors is or was in that session';

/** Whether a process can be born before all of its ancestors have made sessions of their own, and so into one from outside. */
export function canBeOlder(tasks: readonly Kin[], { ppid }: Kin): boolean {
  const byPid = new Map(tasks.map((task) => [task.pid, task]));
  for (let task = byPid.get(ppid); task !== undefined; task = byPid.get(task.ppid))
    if (task.session !== task.pid) return false;
  return true;
}

/** A parent may have left a session by setsid() after the child was born: then an older ancestor is still in it. */
function isInherited(byPid: ReadonlyMap<number, Kin>, { ppid, session }: Kin): boolean {
  for (let task = byPid.get(ppid); task !== undefined; task = byPid.get(task.ppid)) {
    if (task.session === session) return true;
    if (task.session !== task.pid) return false;
  }
  // The kernel shows 0 for one from outside of its namespace.
  return session === 0;
}

/** A leader clones for its parent before it has memory of its own, and so before a child that is older than its session. */
function fromLeader(leader: Kin, task: Kin, tasks: readonly Kin[]): Birth {
  if (leader.session !== leader.pid || leader.ppid !== task.ppid) return { by: 'nobody', why: notInherited };
  if (leader.exitSignal !== task.exitSignal) return { by: 'nobody', why: 'its leader has another exit signal' };
  const older = tasks.find(
    ({ pid, ppid, session }) => ppid === leader.pid && session !== leader.pid && session !== pid,
  );
  if (older === undefined) return { by: 'sibling' };
  return { by: 'nobody', why: `its leader has a child that is older than the session (${older.pid})` };
}
