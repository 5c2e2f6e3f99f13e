import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlGroup } from '@criujs/engine-kit';
import { readMountinfo, readText } from '@criujs/linux';
import { directoryOf, parseControlGroups } from '../../control-groups/lines.ts';
import type { ProcessKind } from './kind.ts';

/**
 * The control groups that it is in. CRIU's images have them with their properties and make them again; here a process joins those
 * that exist. cgroups(7).
 */
export const controlGroups: ProcessKind = {
  name: 'control groups',
  describe: [{ subject: 'rights and limits', taken: ['control groups, where they exist at the restore'] }],
  reads: { texts: ['cgroup'] },
  readsOfOthers: { texts: ['cgroup'] },
  look({ pid, threads }) {
    const own = textOf(pid);
    const others = threads
      .filter(({ tid }) => tid !== pid)
      .map(({ tid }) => ({ tid, text: textOf(pid, tid) }))
      .filter(({ text }) => text !== own);
    const threadGroups = others.map(({ tid, text }) => ({ tid, groups: parseControlGroups(text) }));
    return { record: { controlGroups: parseControlGroups(own), ...(threadGroups.length > 0 && { threadGroups }) } };
  },
  apply({ threads }, { pid, recorded, groups: managed, thread, warn }) {
    if (managed !== null) {
      threads.forEach((old, at) => {
        const tid = thread(old);
        const who = at === 0 ? 'it' : `its thread ${old}`;
        if (tid !== undefined) joinAll({ pid, tid, who }, managed.of(old), warn, managed.directoryOf);
      });
      return;
    }
    joinAll({ pid, tid: pid, who: 'it' }, recorded?.controlGroups ?? [], warn);
    for (const { tid: old, groups } of recorded?.threadGroups ?? []) {
      const tid = thread(old);
      if (tid !== undefined) joinAll({ pid, tid, who: `its thread ${old}` }, groups, warn);
    }
  },
};

/** A process, by its main thread, or one of its other threads. */
interface Member {
  readonly pid: number;
  readonly tid: number;
  readonly who: string;
}

function joinAll(
  member: Member,
  groups: readonly ControlGroup[],
  warn: (message: string) => void,
  whereIs?: (group: ControlGroup) => string | null,
): void {
  const now = new Map(
    parseControlGroups(textOf(member.pid, member.tid)).map(({ controllers, path }) => [controllers, path]),
  );
  // The root of a hierarchy that is not there is no group.
  const others = groups.filter(({ controllers, path }) => (now.get(controllers) ?? '/') !== path);
  if (others.length === 0) return;
  const mounts = readMountinfo(process.pid);
  for (const group of others) {
    const why = moveInto(member, group, whereIs?.(group) ?? directoryOf(group, mounts));
    if (why !== null)
      warn(`${member.who} was in the control group ${nameOf(group)} and stays in that of this engine: ${why}`);
  }
}

function nameOf({ controllers, path }: ControlGroup): string {
  return controllers === '' ? path : `${controllers}:${path}`;
}

function textOf(pid: number, tid?: number): string {
  try {
    return readText(pid, tid === undefined ? 'cgroup' : `task/${tid}/cgroup`);
  } catch {
    // A kernel without control groups.
    return '';
  }
}

/** Why it cannot be joined; null: it is. */
function moveInto({ pid, tid }: Member, group: ControlGroup, directory: string | null): string | null {
  if (directory === null) return 'its hierarchy is not mounted here';
  if (!existsSync(join(directory, 'cgroup.procs'))) return 'it does not exist here';
  // A process that is being made would never be finished in there.
  if (isFrozen(directory)) return 'it is frozen';
  // A thread by itself: `cgroup.threads` of cgroup v2, `tasks` of v1.
  const members = tid === pid ? 'cgroup.procs' : group.controllers === '' ? 'cgroup.threads' : 'tasks';
  try {
    writeFileSync(join(directory, members), String(tid));
    return null;
  } catch (error) {
    return `joining it failed with ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** By the words of freezer.state (v1) and cgroup.events (v2). */
function isFrozen(directory: string): boolean {
  return /^(FREEZING|FROZEN)|^frozen 1$/m.test(
    contents(directory, 'freezer.state') + contents(directory, 'cgroup.events'),
  );
}

function contents(directory: string, name: string): string {
  try {
    return readFileSync(join(directory, name), 'latin1');
  } catch {
    return '';
  }
}
