import { chmodSync, chownSync, closeSync, constants, existsSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import type { CgroupDirEntry } from '@criujs/images';
import { arena, syscall } from '@criujs/linux';
import {
  earlyProperties,
  linesOneByOne,
  memberFiles,
  removeDirectory,
  writtenProperties,
} from '../facts/control-groups.ts';
import type { UndoCall } from '../machinery/guard/hold-guard.ts';
import type { PlacedGroup } from './groups.ts';
import { type Hierarchy, hierarchyWords, pathIn } from './hierarchy.ts';
import { propertyValue } from './read-groups.ts';

type Property = CgroupDirEntry['properties'][number];
type Permissions = NonNullable<CgroupDirEntry['dirPerms']>;

/** A group that is to be as the images have it. */
export interface Group extends PlacedGroup {
  readonly hierarchy: Hierarchy;
  /** Whether it was there before. */
  readonly isThere: boolean;
}

/** Whether there is such a group. */
export function groupIsThere(hierarchy: Hierarchy, path: string): boolean {
  return existsSync(pathIn(hierarchy, path));
}

/** A group in words. */
export function groupWords({ hierarchy, path }: Pick<Group, 'hierarchy' | 'path'>): string {
  return `the control group ${path} of ${hierarchyWords(hierarchy.name)}`;
}

/** All directories that are to be made for a group, those above it first. */
export function missingAbove({ hierarchy, path }: Group): string[] {
  const names = path.split('/').filter(Boolean);
  const all = names.map((_, at) => `/${names.slice(0, at + 1).join('/')}`);
  return all.filter((it) => !groupIsThere(hierarchy, it));
}

/** Makes a directory of a hierarchy. @throws LinuxError */
export function makeGroup({ fd }: Hierarchy, path: string): void {
  arena.scope(() => void syscall('mkdirat', fd, arena.cstring(path.slice(1)).address, 0o755));
}

/** The call that removes one that nobody is in. */
export function removeCall({ fd }: Hierarchy, path: string): UndoCall {
  return ['unlinkat', { fd }, Buffer.from(`${path.slice(1)}\0`), removeDirectory];
}

/** Milliseconds after which groups are removed once more, since somebody was still ending in them. Soon others may have made them anew. */
const pauses: readonly number[] = [1, 2, 4, 8, 16, 32, 64];

/** The same calls again and again, with pauses before. */
export function againLater(calls: readonly UndoCall[]): UndoCall[] {
  return pauses.flatMap((ms) => [['nanosleep', timeOf(ms), 0] as const, ...calls]);
}

/** struct timespec. nanosleep(2) */
function timeOf(ms: number): Buffer {
  const time = Buffer.alloc(16);
  time.writeBigInt64LE(BigInt(Math.floor(ms / 1000)), 0);
  time.writeBigInt64LE(BigInt(ms % 1000) * 1_000_000n, 8);
  return time;
}

/** What could not be set: which property, and why. */
export type Complain = (what: string) => void;

/** Sets owners, and what a group needs before anybody is in it. */
export function furnishEarly(group: Group, complain: Complain): void {
  const { entry } = group;
  setPermissions(pathIn(group.hierarchy, group.path), entry.dirPerms, (why) =>
    complain(`${groupWords(group)}: its owner and mode: ${why}`),
  );
  for (const name of earlyProperties)
    for (const property of entry.properties) if (property.name === name) setProperty(group, property, complain);
}

/** Sets the rest, once its members are there: limits hold the program to something, and not the restore. */
export function furnishLate(group: Group, complain: Complain): void {
  const late = group.entry.properties.filter(({ name }) => !earlyProperties.includes(name));
  // A limit may have to wait for another one.
  const again: Property[] = [];
  for (const property of late) setProperty(group, property, () => void again.push(property));
  for (const property of again) setProperty(group, property, complain);
}

function setProperty(group: Group, { name, value, perms }: Property, complain: Complain): void {
  const directory = pathIn(group.hierarchy, group.path);
  const say = (why: string): void =>
    complain(`${groupWords(group)}: ${name} cannot be ${JSON.stringify(value)}: ${why}`);
  if (name === 'freezer.state' || name === 'cgroup.freeze') {
    if (value === '1' || value === 'FROZEN') say('a program that is restored runs');
    return;
  }
  if (!writtenProperties.has(name)) {
    say('it is not known here');
    return;
  }
  if (!memberFiles.includes(name) && propertyValue(directory, name) !== value) {
    const why = attempt(() => write(directory, name, value));
    if (why !== null) {
      say(why);
      return;
    }
  }
  setPermissions(join(directory, name), perms, (why) => complain(`${groupWords(group)}: the owner of ${name}: ${why}`));
}

function write(directory: string, name: string, value: string): void {
  const put = (file: string, text: string): void => {
    const fd = openSync(join(directory, file), constants.O_WRONLY);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  };
  if (name === 'cgroup.type') {
    if (value === 'threaded') put(name, value);
    return;
  }
  if (name === 'cgroup.subtree_control') {
    put(name, changes(propertyValue(directory, name) ?? '', value));
    return;
  }
  const lines = linesOneByOne.includes(name) ? value.split('\n').filter(Boolean) : [value];
  if (name === 'devices.list') {
    put('devices.deny', 'a');
    for (const line of lines) put('devices.allow', line);
    return;
  }
  // Of a device that is not there any more nothing can be said, and without a priority nothing need be.
  const said = name === 'net_prio.ifpriomap' ? lines.filter((line) => !line.endsWith(' 0')) : lines;
  for (const line of said) put(name, line);
}

/** How controllers become others: `+cpu -io`. */
function changes(now: string, wanted: string): string {
  const [before, after] = [now.split(' ').filter(Boolean), wanted.split(' ').filter(Boolean)];
  const less = before.filter((it) => !after.includes(it)).map((it) => `-${it}`);
  return [...less, ...after.filter((it) => !before.includes(it)).map((it) => `+${it}`)].join(' ');
}

function setPermissions(path: string, wanted: Permissions | undefined, complain: Complain): void {
  if (wanted === undefined || !existsSync(path)) return;
  const why = attempt(() => {
    const { mode, uid, gid } = statSync(path);
    if (uid !== wanted.uid || gid !== wanted.gid) chownSync(path, wanted.uid, wanted.gid);
    if ((mode & 0o7777) !== (wanted.mode & 0o7777)) chmodSync(path, wanted.mode & 0o7777);
  });
  if (why !== null) complain(why);
}

/** Why it does not work; null: it did. */
function attempt(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
