import { type BigIntStats, statSync } from 'node:fs';
import { readLink, readMaps, readStat } from '@criujs/linux';

/** What a process has by a path beside its descriptors: its program and two directories. */
export const processPaths = ['exe', 'cwd', 'root'] as const;

/** A path, and what the process really has there. */
export interface ProcessPath {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** What a program shows that was restored without privileges: the file in memory that the engine began it as. */
const helperName = '/memfd:criujs';

/** The program or a directory of a process. Where the engine's helper stands for the program, it is the file of its code. */
export function pathOf(pid: number, what: (typeof processPaths)[number]): ProcessPath {
  const path = readLink(pid, what);
  const stat = statSync(`/proc/${pid}/${what}`, { bigint: true });
  if (what !== 'exe' || !path.startsWith(helperName)) return { path, stat };
  const code = Number(readStat(pid).startCode);
  const map = readMaps(pid).find(({ start, end }) => start <= code && code < end);
  return map === undefined || map.deleted
    ? { path, stat }
    : { path: map.name, stat: statSync(map.name, { bigint: true }) };
}
