import type { Records } from '@criujs/engine-kit';
import type { FileEntry } from '@criujs/images';
import { fdTypeName } from '../kinds/files/file-type.ts';
import type { Reader } from './reader.ts';
import type { ShownFile } from './shown.ts';
import type { SeenTask } from './tasks.ts';

/** All open files of the tree, and who holds them. */
export function seeFiles(tasks: readonly SeenTask[], records: Records | null, reader: Reader): ShownFile[] {
  if (!reader.names.has('files.img')) reader.note('files.img: it is missing');
  const entries = reader.entries('FILES', 'files.img');
  const holders = holdersOf(tasks, reader);
  const providers = new Map([
    ...(records?.externals ?? []).map(({ id, file }) => [id, file.provider] as const),
    ...(records?.sockets ?? []).map(({ id, provider }) => [id, provider] as const),
  ]);
  const paths = new Map([
    ...(records?.externals ?? []).map(({ id, file }) => [id, file.path] as const),
    ...(records?.rings ?? []).map(({ id, entries }) => [id, `io_uring of ${entries} entries`] as const),
  ]);
  return entries.map((entry) => {
    const { id, type } = entry;
    return {
      id,
      kind: fdTypeName(type),
      name: nameOf(entry) ?? paths.get(id) ?? null,
      holders: holders.get(id) ?? [],
      provider: providers.get(id) ?? null,
    };
  });
}

/** The program of each task: the path of the file that it runs. */
export function programOf(exe: number | null, files: ReadonlyMap<number, ShownFile>): string | null {
  return exe === null ? null : (files.get(exe)?.name ?? null);
}

type Holders = ShownFile['holders'][number][];

function holdersOf(tasks: readonly SeenTask[], reader: Reader): ReadonlyMap<number, Holders> {
  const holders = new Map<number, Holders>();
  for (const { shown, filesId } of tasks) {
    if (filesId === null) continue;
    for (const { id, fd } of reader.entries('FDINFO', `fdinfo-${filesId}.img`)) {
      const all = holders.get(id) ?? [];
      all.push({ pid: shown.pid, fd });
      holders.set(id, all);
    }
  }
  return holders;
}

/** What a file is called, by the field that its kind has. */
function nameOf({ reg, usk, pipe, tty, memfd }: FileEntry): string | null {
  if (reg !== undefined) return reg.name;
  if (usk !== undefined) return socketName(usk);
  if (pipe !== undefined) return `pipe:[${pipe.pipeId}]`;
  if (tty !== undefined) return `tty ${tty.ttyInfoId}`;
  return memfd === undefined ? null : `memfd ${memfd.inodeId}`;
}

/** A path ends with a zero byte, an abstract name begins with one. unix(7). */
function socketName({ ino, name }: NonNullable<FileEntry['usk']>): string {
  const text = new TextDecoder().decode(name);
  const known = text.startsWith('\0') ? `@${text.slice(1)}` : text.replace(/\0.*$/s, '');
  return known === '' ? `socket:[${ino}]` : known;
}
