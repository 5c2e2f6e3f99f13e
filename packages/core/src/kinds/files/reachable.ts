import { type BigIntStats, lstatSync } from 'node:fs';
import { type FileStat, readFileStat } from '@criujs/linux';
import type { Problem } from './held.ts';

/** What the kernel adds to the name of a file that is gone. proc_pid_fd(5). */
export const deletedMark = ' (deleted)';

/** Names of files that look regular and live in no directory: their content has no other home than memory. */
const homeless = /^\/(memfd:|dmabuf:|SYSV|\[|dev\/zero \(deleted\)$)/;

/** Whether the kernel's link to a file is a path that leads, or led, to it. */
export function hasPath(link: string): boolean {
  return link.startsWith('/') && !homeless.test(link);
}

/** The name of a file without the kernel's mark. */
export function nameOf(link: string): string {
  return link.endsWith(deletedMark) ? link.slice(0, -deletedMark.length) : link;
}

/** Whether a file has lost the name it was opened by. A name may end in the kernel's mark: what it leads to decides. */
export function isDeleted(link: string, stat: Pick<BigIntStats, 'dev' | 'ino' | 'nlink'>): boolean {
  if (!link.endsWith(deletedMark) && stat.nlink > 0n) return false;
  const now = lookAt(link, 'itself');
  return now === null || now.dev !== stat.dev || now.ino !== stat.ino;
}

/** What is at a path now; null when nothing is, or when it cannot be reached. */
export function lookAt(path: string, how: 'follow' | 'itself' = 'follow'): FileStat | null {
  try {
    return how === 'follow' ? readFileStat(path) : lstatSync(path, { bigint: true });
  } catch {
    return null;
  }
}

/** Whether two paths lead to one file. */
export function isSameFile(a: string, b: string): boolean {
  const [one, other] = [lookAt(a), lookAt(b)];
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Why a file cannot be found again under its path, or null when it can: the image keeps nothing but the path. */
export function unreachable(
  path: string,
  stat: Pick<BigIntStats, 'dev' | 'ino' | 'nlink'>,
  how: 'follow' | 'itself' = 'follow',
): Problem | null {
  const now = lookAt(path, how);
  if (now !== null && now.dev === stat.dev && now.ino === stat.ino) return processFile(path);
  return {
    file: path,
    why: now === null ? 'nothing that this process can reach has that path' : 'another file has that path by now',
    remedy: 'Dump from the mount namespace of the process, and keep the files it has open in their place.',
  };
}

/** Files under /proc/PID belong to a process that will not be there at restore. */
function processFile(path: string): Problem | null {
  if (!/^\/proc\/\d+(\/|$)/.test(path)) return null;
  return {
    file: path,
    why: 'it belongs to a process and ends with it',
    remedy: 'Let the program close it before the dump.',
  };
}
