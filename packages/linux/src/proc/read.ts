import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { errno, LinuxError } from '../errors.ts';
import { unlessGone } from '../gone.ts';
import { takeKept } from './ahead.ts';
import { type Fdinfo, parseFdinfo } from './fdinfo.ts';
import type { FileStat } from './file-stat.ts';
import { type Limit, parseAuxv, parseChildren, parseLimits } from './limits.ts';
import { createSmapsParser, parseMaps, type Vma } from './maps.ts';
import { type Mount, parseMountinfo } from './mountinfo.ts';
import { forEachPiece } from './pieces.ts';
import { parseStat, type Stat } from './stat.ts';
import { parseStatus, type Status } from './status.ts';
import { type PosixTimer, parseTimers } from './timers.ts';

/** The kinds of namespace; 0 in `namespaces` for one that this kernel does not have. */
export type NamespaceKind = (typeof namespaceKinds)[number];

const namespaceKinds = ['pid', 'pid_for_children', 'net', 'ipc', 'uts', 'mnt', 'user', 'cgroup', 'time'] as const;

/** Of the process, or of one of its threads. */
export function readStat(pid: number, tid?: number): Stat {
  return parseStat(readText(pid, ofThread('stat', tid)));
}

/** Of the process, or of one of its threads. */
export function readStatus(pid: number, tid?: number): Status {
  return parseStatus(readText(pid, ofThread('status', tid)));
}

export function readMaps(pid: number): Vma[] {
  return parseMaps(readText(pid, 'maps'));
}

/** Slow on large processes (15–40 ms a GiB): the kernel walks all pages to count them. */
export function readSmaps(pid: number): Vma[] {
  return access(pid, 'smaps', 'read', (path) => {
    const parser = createSmapsParser();
    forEachPiece(path, parser.add);
    return parser.maps;
  });
}

/** Open descriptors in ascending order. */
export function readFds(pid: number): number[] {
  return numbersIn(pid, 'fd');
}

export function readFdinfo(pid: number, fd: number): Fdinfo {
  return parseFdinfo(readText(pid, `fdinfo/${fd}`));
}

/** Where a link below /proc/PID points: `fd/3`, `exe`, `cwd`, `root` … */
export function readLink(pid: number, name: string): string {
  return access(pid, name, 'readlink', (path) => takeKept('links', path) ?? readlinkSync(path));
}

/** What a path leads to, stat(2), anywhere. @throws what Node does */
export function readFileStat(path: string): FileStat {
  return takeKept('stats', path) ?? statSync(path, { bigint: true });
}

/** A small file below /proc/PID as text. */
export function readText(pid: number, name: string): string {
  return access(pid, name, 'read', (path) => takeKept('texts', path) ?? readFileSync(path, 'utf8'));
}

/** Thread ids, the main thread first, then ascending. */
export function readThreads(pid: number): number[] {
  return numbersIn(pid, 'task').sort((a, b) => Number(b === pid) - Number(a === pid) || a - b);
}

/** Children of all its threads. A thread that ends meanwhile has none: another one of its process has them then. */
export function readChildren(pid: number): number[] {
  return readThreads(pid).flatMap((tid) => unlessGone(() => parseChildren(readText(pid, `task/${tid}/children`)), []));
}

export function readLimits(pid: number): Limit[] {
  return parseLimits(readText(pid, 'limits'));
}

export function readMountinfo(pid: number): Mount[] {
  return parseMountinfo(readText(pid, 'mountinfo'));
}

export function readAuxv(pid: number): bigint[] {
  return parseAuxv(access(pid, 'auxv', 'read', (path) => readFileSync(path)));
}

export function readTimers(pid: number): PosixTimer[] {
  return parseTimers(readText(pid, 'timers'));
}

/** Flags of personality(2). */
export function readPersonality(pid: number): number {
  return Number.parseInt(readText(pid, 'personality'), 16);
}

/** The inode of each namespace that the process is in. One for children that has none yet has 0. */
export function namespaces(pid: number): Record<NamespaceKind, number> {
  return inodesOf(namespaceKinds, (kind) => namespaceInode(pid, kind, undefined));
}

/** The same of one of its threads, as far as is asked: each costs a look into /proc. */
export function namespacesOfThread<K extends NamespaceKind>(
  pid: number,
  tid: number,
  kinds: readonly K[],
): Record<K, number> {
  return inodesOf(kinds, (kind) => namespaceInode(pid, kind, tid));
}

function inodesOf<K extends NamespaceKind>(kinds: readonly K[], read: (kind: K) => number): Record<K, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, read(kind)])) as Record<K, number>;
}

function namespaceInode(pid: number, kind: NamespaceKind, tid: number | undefined): number {
  try {
    return Number(/\[(\d+)\]/.exec(readLink(pid, ofThread(`ns/${kind}`, tid)))?.[1] ?? 0);
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'ENOENT' && kind !== 'pid') return 0;
    throw error;
  }
}

function ofThread(name: string, tid: number | undefined): string {
  return tid === undefined ? name : `task/${tid}/${name}`;
}

function numbersIn(pid: number, name: string): number[] {
  return access(pid, name, 'readdir', (path) => readdirSync(path))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Node reports a failed read of a file its own way; here it becomes the error of this package. */
function access<T>(pid: number, name: string, call: string, body: (path: string) => T): T {
  const path = `/proc/${pid}/${name}`;
  try {
    return body(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const error = new LinuxError(call, errno[code ?? ''] ?? errno.EIO, { about: path, pid });
    error.cause = cause;
    throw error;
  }
}
