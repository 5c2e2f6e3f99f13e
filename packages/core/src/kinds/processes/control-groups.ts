import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlGroup } from '@criujs/engine-kit';
import { type Mount, readMountinfo } from '@criujs/linux';
import type { ProcessKind } from './kind.ts';

/**
 * The control groups that it is in. CRIU's images have them with their properties and make them again; here a process joins those
 * that exist. cgroups(7).
 */
export const controlGroups: ProcessKind = {
  name: 'control groups',
  describe: [{ subject: 'rights and limits', taken: ['control groups, where they exist at the restore'] }],
  look: ({ pid }) => ({ record: { controlGroups: groupsOf(pid) } }),
  apply(_, { pid, recorded, warn }) {
    const now = new Map(groupsOf(pid).map(({ controllers, path }) => [controllers, path]));
    const others = (recorded?.controlGroups ?? []).filter(
      // The root of a hierarchy that is not there is no group.
      ({ controllers, path }) => (now.get(controllers) ?? '/') !== path,
    );
    if (others.length === 0) return;
    const mounts = readMountinfo(process.pid);
    for (const group of others) {
      const why = moveInto(pid, group, mounts);
      if (why !== null) warn(`it was in the control group ${nameOf(group)} and stays in that of this engine: ${why}`);
    }
  },
};

function nameOf({ controllers, path }: ControlGroup): string {
  return controllers === '' ? path : `${controllers}:${path}`;
}

function groupsOf(pid: number): ControlGroup[] {
  try {
    return parseControlGroups(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  } catch {
    // A kernel without control groups.
    return [];
  }
}

/** Lines of /proc/PID/cgroup: number, controllers, path, with colons between. cgroups(7). */
export function parseControlGroups(text: string): ControlGroup[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers, path }];
  });
}

/** Why it cannot be joined; null: it is. */
function moveInto(pid: number, group: ControlGroup, mounts: readonly Mount[]): string | null {
  const directory = directoryOf(group, mounts);
  if (directory === null) return 'its hierarchy is not mounted here';
  if (!existsSync(join(directory, 'cgroup.procs'))) return 'it does not exist here';
  // A process that is being made would never be finished in there.
  if (isFrozen(directory)) return 'it is frozen';
  try {
    writeFileSync(join(directory, 'cgroup.procs'), String(pid));
    return null;
  } catch (error) {
    return `joining it failed with ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** Where a group is mounted; null: nowhere. What the images say leads to no other place. */
export function directoryOf({ controllers, path }: ControlGroup, mounts: readonly Mount[]): string | null {
  if (!path.startsWith('/') || path.split('/').includes('..')) return null;
  const wanted = controllers.split(',');
  const mount = mounts.find(({ type, superOptions, root }) => {
    if (root !== '/' && path !== root && !path.startsWith(`${root}/`)) return false;
    if (controllers === '') return type === 'cgroup2';
    return type === 'cgroup' && wanted.every((it) => superOptions.includes(it));
  });
  if (mount === undefined) return null;
  return join(mount.mountPoint, mount.root === '/' ? path : path.slice(mount.root.length));
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
