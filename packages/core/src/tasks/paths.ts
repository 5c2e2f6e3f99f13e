import { readFileStat, readLink, readMaps, readStat } from '@criujs/linux';
import type { HeldFile } from '../kinds/files/held.ts';

/** What a process has by a path beside its descriptors: its program and two directories. */
export const processPaths = ['exe', 'cwd', 'root'] as const;

/** What a program shows that was restored without privileges: the file in memory that the engine began it as. */
const helperName = '/memfd:criujs';

/** The program or a directory of a process. Where the engine's helper stands for the program, it is the file of its code. */
export function pathOf(pid: number, what: (typeof processPaths)[number]): HeldFile {
  const link = readLink(pid, what);
  const handle = `/proc/${pid}/${what}`;
  if (what !== 'exe' || !link.startsWith(helperName)) return heldAt(pid, link, handle);
  const code = Number(readStat(pid).startCode);
  const map = readMaps(pid).find(({ start, end }) => start <= code && code < end);
  return map === undefined || map.deleted ? heldAt(pid, link, handle) : heldAt(pid, map.name, map.name);
}

function heldAt(pid: number, link: string, handle: string): HeldFile {
  return { pid, link, handle, flags: 0, stat: readFileStat(handle) };
}
