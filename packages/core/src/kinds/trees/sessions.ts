import { readdirSync } from 'node:fs';
import { readStat, type Stat, unlessGone } from '@criujs/linux';
import type { TreeImage } from '../../engine/restore/read.ts';
import { invalid } from '../rules.ts';
import type { Family, LoadContext, LoadedTree, TreeIdentity, TreeKind, TreeProblem } from './kind.ts';
import { birthsOf, canBeOlder, type Kin } from './session-births.ts';
import { sharersIn, sharingFlags } from './shared-tables.ts';

/** Sessions and process groups. setsid(2), setpgid(2). */
export const sessions: TreeKind = {
  name: 'sessions and process groups',
  describe: [{ subject: 'processes', taken: ['sessions and groups'] }],
  recognise,
  check,
  load,
};

const file = 'pstree.img';

function recognise(tree: Family): TreeProblem[] {
  const births = birthsOf(
    tree.tasks.map(({ pid, ppid, stat: { session, exitSignal } }) => ({ pid, ppid, session, exitSignal })),
  );
  return tree.tasks.flatMap(({ pid, ppid, command, stat: { session }, state }): TreeProblem[] => {
    const birth = births.get(pid);
    if (birth === undefined || birth.by === 'parent') return [];
    const resource = `session ${session}`;
    if (birth.by === 'nobody') return [{ pid, command, resource, why: birth.why, remedy: 'Dump it with CRIU.' }];
    if (state === 'zombie' || !sharesWith(tree, pid, ppid)) return [];
    return [{ pid, command, resource, why: apart, remedy: 'Dump it before the process between them ends.' }];
  });
}

const apart = 'it shares its descriptors or its directory with its parent, and was not born by it';

function sharesWith(tree: Family, pid: number, parent: number): boolean {
  return (['FILES', 'FS'] as const).some((type) => {
    const firsts = sharersIn(tree, type);
    return firsts.get(pid) === firsts.get(parent);
  });
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
  const births = birthsOf(kinOf(tasks));
  const byPid = new Map(tasks.map((task) => [task.pid, task]));
  for (const task of tasks) {
    const birth = births.get(task.pid);
    if (birth?.by === 'nobody') throw invalid(file, `process ${task.pid} is in session ${task.sid}, and ${birth.why}`);
    const parent = byPid.get(task.ppid);
    if (birth?.by === 'parent' || task.state === 'zombie' || parent === undefined || parent.state === 'zombie')
      continue;
    if (sharingFlags(task, parent) !== 0)
      throw invalid(file, `process ${task.pid} is in session ${task.sid}, and ${apart}`);
  }
}

/** The root's parent is none of them. */
function kinOf(tasks: TreeIdentity['tasks']): Kin[] {
  return tasks.map(({ pid, ppid, sid }, at) => ({ pid, ppid: at === 0 ? 0 : ppid, session: sid }));
}

/**
 * A session whose leader has ended may be one that others are in: those outlived the dump, and whoever restores has another one.
 * With new pids it gets a new number.
 */
function load({ tasks }: TreeImage, { session: { warn }, options: { newPids } }: LoadContext): LoadedTree {
  const kin = kinOf(tasks);
  const births = new Map(birthsOf(kin));
  const led = kin.filter(({ pid }) => births.get(pid)?.by === 'stand-in');
  const taken = led.length === 0 || newPids ? new Set<number>() : sessionsHere();
  for (const task of led) {
    if (!taken.has(task.session) || !canBeOlder(kin, task)) continue;
    warn(
      `session ${task.session} of process ${task.pid} has other processes here: it is born into that of the restore`,
    );
    births.set(task.pid, { by: 'parent' });
  }
  return { birth: (pid) => births.get(pid) };
}

/** Of those who live: init may not have reaped yet who was dumped. */
function sessionsHere(): ReadonlySet<number> {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const stats = pids.flatMap((pid) => unlessGone<Stat[]>(() => [readStat(pid)], []));
  return new Set(stats.filter(({ state }) => !hasEnded.test(state)).map(({ session }) => session));
}

/** Letters for a process that is dead, or a zombie. proc_pid_stat(5). */
const hasEnded = /[XxZ]/;
