import { closeSync, fstatSync, openSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { everyGroupOfV1, memberFiles, propertiesOfV1, propertiesOfV2 } from '../facts/control-groups.ts';
import type { DirectoryInit } from './groups.ts';
import { type Hierarchy, hierarchyWords, pathIn } from './hierarchy.ts';

type PropertyInit = NonNullable<DirectoryInit['properties']>[number];
type Permissions = NonNullable<DirectoryInit['dirPerms']>;

/** More groups than a tree has of its own. */
const mostGroups = 4096;

/** Names of what is kept of the groups of a hierarchy. */
function propertyNames(name: string): readonly string[] {
  if (name === '') return propertiesOfV2;
  return [...name.split(',').flatMap((controller) => propertiesOfV1[controller] ?? []), ...everyGroupOfV1];
}

/**
 * A group with all that is in it, as CRIU's images have it.
 * @param path in its hierarchy, from its root
 * @throws EngineError UNSUPPORTED where there are too many
 */
export function readGroup(hierarchy: Hierarchy, path: string): DirectoryInit {
  const names = propertyNames(hierarchy.name);
  let left = mostGroups;
  const read = (at: string, dirName: string): DirectoryInit => {
    if (--left < 0) throw tooMany(hierarchy.name, path);
    const directory = pathIn(hierarchy, at);
    return {
      dirName,
      dirPerms: permissionsOf(statSync(directory)),
      properties: names.flatMap((name) => readProperty(directory, name) ?? []),
      children: subgroups(directory).map((name) => read(join(at, name), name)),
    };
  };
  return read(path, path.slice(1));
}

/** Whether threads of a process can be in different groups: always in cgroup v1, in v2 where a group says so. */
export function isThreaded(name: string, dirs: readonly DirectoryInit[]): boolean {
  if (name !== '') return true;
  return dirs.some(
    ({ properties = [], children = [] }) =>
      properties.some((it) => it.name === 'cgroup.type' && it.value === 'threaded') || isThreaded(name, children),
  );
}

/** The value of a property as it is written back; null: there is none, or it cannot be read. */
export function propertyValue(directory: string, name: string): string | null {
  try {
    return writable(name, readFileSync(join(directory, name), 'utf8').replace(/\n$/, ''));
  } catch {
    return null;
  }
}

function readProperty(directory: string, name: string): PropertyInit | null {
  try {
    const fd = openSync(join(directory, name), 'r');
    try {
      const perms = permissionsOf(fstatSync(fd));
      const value = memberFiles.includes(name) ? '' : writable(name, readFileSync(fd, 'utf8').replace(/\n$/, ''));
      return { name, value, perms };
    } finally {
      closeSync(fd);
    }
  } catch {
    // This kernel does not have it, or not in such a group.
    return null;
  }
}

/** memory.oom_control tells more than it takes. */
function writable(name: string, text: string): string {
  return name === 'memory.oom_control' ? (/^oom_kill_disable (\d)/.exec(text)?.[1] ?? '0') : text;
}

function permissionsOf({ mode, uid, gid }: Stats): Permissions {
  return { mode: mode & 0o7777, uid, gid };
}

function subgroups(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((it) => (it.isDirectory() ? [it.name] : []));
}

function tooMany(name: string, path: string): EngineError {
  const message = `the control group ${path} of ${hierarchyWords(name)} has more than ${mostGroups} groups in it`;
  return new EngineError('UNSUPPORTED', message, { remedy: 'Leave --manage-cgroups out, or remove what nobody uses.' });
}
