import { EngineError } from '@criujs/engine-kit';
import { compare } from '@criujs/linux';
import type { Holder, SeenFile } from '../kinds/files/held.ts';
import { errorCode } from '../kinds/files/seen.ts';

/** One open file (a description) and every descriptor of the tree that leads to it. */
export interface Description {
  /** Unique over the images, from 1. */
  readonly id: number;
  readonly seen: SeenFile;
  readonly holders: Holder[];
}

/** The open files of a tree. */
export interface GroupedFiles {
  /** In the order in which they were first seen. */
  readonly all: readonly Description[];
  /** The id of the open file at a descriptor. */
  idOf(holder: Holder): number | undefined;
}

/** How two descriptors relate: 0 the same open file, else the kernel's own order. kcmp(2), KCMP_FILE. */
export type CompareFiles = (a: Holder, b: Holder) => number;

/**
 * Finds which descriptors share an open file. Only those of the same inode can; among them the kernel's order serves a
 * binary search, so that n descriptors cost n log n comparisons. Flags and position are not part of the key: a process
 * outside of the tree may share the file and change them between two looks.
 */
export function groupFiles(
  files: readonly SeenFile[],
  nextId: () => number,
  compareFiles: CompareFiles = kcmp,
): GroupedFiles {
  const candidates = new Map<string, Description[]>();
  const all: Description[] = [];
  const ids = new Map<string, number>();
  for (const file of files) {
    const key = `${file.stat.dev}:${file.stat.ino}:${file.link}`;
    const sorted = candidates.get(key) ?? [];
    candidates.set(key, sorted);
    const { found, index } = search(sorted, file, compareFiles);
    const description = found ?? { id: nextId(), seen: file, holders: [] };
    description.holders.push({ pid: file.pid, fd: file.fd });
    ids.set(holderKey(file), description.id);
    if (found !== undefined) continue;
    sorted.splice(index, 0, description);
    all.push(description);
  }
  return { all, idOf: (holder) => ids.get(holderKey(holder)) };
}

/** The numbers of the descriptors by process. */
export function holdersByProcess(holders: readonly Holder[]): ReadonlyMap<number, readonly number[]> {
  const byPid = new Map<number, number[]>();
  for (const { pid, fd } of holders) byPid.set(pid, [...(byPid.get(pid) ?? []), fd]);
  return byPid;
}

function holderKey({ pid, fd }: Holder): string {
  return `${pid}:${fd}`;
}

function search(
  sorted: readonly Description[],
  file: SeenFile,
  compareFiles: CompareFiles,
): { readonly found?: Description; readonly index: number } {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    if (other === undefined) break;
    const order = compareFiles(file, other.seen);
    if (order === 0) return { found: other, index: middle };
    if (order === 1) high = middle;
    else low = middle + 1;
  }
  return { index: low };
}

/** The order of the numbers instead, where the kernel does not tell: then two descriptors of one file are two files. */
export function compareIfPermitted(a: Holder, b: Holder): number {
  try {
    return compare('FILE', a.pid, b.pid, a.fd, b.fd);
  } catch {
    return a.pid < b.pid || (a.pid === b.pid && a.fd < b.fd) ? 1 : 2;
  }
}

function kcmp(a: Holder, b: Holder): number {
  try {
    return compare('FILE', a.pid, b.pid, a.fd, b.fd);
  } catch (error) {
    throw kcmpFailure(a.pid, b.pid, error);
  }
}

function kcmpFailure(a: number, b: number, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code !== 'EPERM' && code !== 'ENOSYS') return cause;
  return new EngineError(
    'NOT_PERMITTED',
    `cannot tell whether ${a} and ${b} share an open file: kcmp(2) answers ${code}`,
    { pid: a, remedy: 'Run as the user of these processes or as root; in a container allow kcmp(2).', cause },
  );
}
