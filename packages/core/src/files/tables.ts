import { EngineError } from '@criujs/engine-kit';
import type { FdinfoEntry, ImageRecord } from '@criujs/images';
import { fdTypeName } from '../kinds/files/file-type.ts';
import type { FileKind } from '../kinds/files/kind.ts';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import type { FileEntry, Table, TaskTables } from '../kinds/files/opening.ts';
import { invalid } from '../kinds/rules.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';

/** The largest number of descriptors that Linux lets a process have by default (fs.nr_open). */
export const mostDescriptors: number = 2 ** 20;

/**
 * The files of files.img by their id, with where they are found if not under their name, and with the entry that has that name.
 * @throws EngineError IMAGE_INVALID when two have one id, or a name is missing
 */
export function filesById(
  files: readonly FileEntry[],
  remaps: readonly ImageRecord<'REMAP_FPATH'>[],
): ReadonlyMap<number, FileEntry> {
  const byId = new Map<number, FileEntry>();
  const elsewhere = new Map(remaps.map(({ message }) => [message.origId, message]));
  for (const file of files) {
    if (byId.has(file.id)) throw invalid('files.img', `file ${file.id} is there twice`);
    const remap = elsewhere.get(file.id);
    byId.set(file.id, remap === undefined ? file : { ...file, remap });
  }
  for (const file of files) {
    const terminal = file.tty?.regfId === undefined ? undefined : byId.get(file.tty.regfId);
    if (terminal?.reg !== undefined) byId.set(file.id, { ...file, named: terminal });
    if (file.fifo === undefined) continue;
    const named = byId.get(file.fifo.regfId);
    if (named?.reg === undefined) throw invalid('files.img', `named pipe ${file.id} has no name`);
    byId.set(file.id, { ...file, named });
  }
  return byId;
}

/** Entries that have nothing but the name of a terminal: it is looked at by whoever opens that. */
export function namesOfTerminals(files: ReadonlyMap<number, FileEntry>): ReadonlySet<number> {
  return new Set([...files.values()].flatMap(({ tty, named }) => (tty === undefined ? [] : (named?.id ?? []))));
}

/** The tables of all processes by number, checked. @throws EngineError IMAGE_INVALID */
export function readTables(
  fdinfo: ReadonlyMap<number, readonly FdinfoEntry[]>,
  files: ReadonlyMap<number, FileEntry>,
): ReadonlyMap<number, Table> {
  return new Map(
    [...fdinfo].map(([filesId, entries]) => [filesId, readTable(`fdinfo-${filesId}.img`, entries, files)]),
  );
}

function readTable(image: string, entries: readonly FdinfoEntry[], files: ReadonlyMap<number, FileEntry>): Table {
  const table = new Map<number, FdinfoEntry>();
  for (const entry of entries) {
    const { fd, id, type } = entry;
    if (fd >= mostDescriptors) throw invalid(image, `${fd} is not a possible descriptor number`);
    if (table.has(fd)) throw invalid(image, `descriptor ${fd} is there twice`);
    const file = files.get(id);
    if (file === undefined) throw invalid(image, `descriptor ${fd} leads to file ${id}, which files.img does not have`);
    if (file.type !== type) {
      throw invalid(
        image,
        `descriptor ${fd} leads to file ${id} as ${fdTypeName(type)}, which files.img has as ${fdTypeName(file.type)}`,
      );
    }
    table.set(fd, entry);
  }
  return table;
}

/** The tables of processes by their pids. */
export function tablesOf(
  owners: ReadonlyMap<number, number>,
  tables: ReadonlyMap<number, Table>,
): ReadonlyMap<number, Table> {
  return new Map([...owners].map(([pid, filesId]) => [pid, tableWith(tables, filesId)]));
}

/** The files of each kind. @throws EngineError UNSUPPORTED for an entry of none of the kinds */
export function groupByKind(files: Iterable<FileEntry>): ReadonlyMap<FileKind, readonly FileEntry[]> {
  const byKind = new Map<FileKind, FileEntry[]>();
  for (const file of files) {
    const kind = kindOfEntry(file);
    const known = byKind.get(kind);
    if (known === undefined) byKind.set(kind, [file]);
    else known.push(file);
  }
  return byKind;
}

/** @throws EngineError IMAGE_INVALID */
export function fileWith(files: ReadonlyMap<number, FileEntry>, id: number): FileEntry {
  const file = files.get(id);
  if (file === undefined)
    throw new EngineError('IMAGE_INVALID', `files.img does not have file ${id}`, { resource: 'files.img' });
  return file;
}

/** @throws EngineError IMAGE_INVALID */
export function tableWith(tables: ReadonlyMap<number, Table>, filesId: number): Table {
  const table = tables.get(filesId);
  if (table === undefined) throw new EngineError('IMAGE_INVALID', `there is no fdinfo-${filesId}.img`);
  return table;
}

/** Calls for the task with a table, once all its descriptors are in place. */
export function tableCalls(tables: TaskTables, files: ReadonlyMap<number, FileEntry>): TaskCall[] {
  return [...tables.own.values()].flatMap(({ fd, id }) => {
    const entry = fileWith(files, id);
    return kindOfEntry(entry).afterTasks?.(entry, fd, tables) ?? [];
  });
}
