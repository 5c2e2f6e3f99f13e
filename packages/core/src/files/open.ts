import { EngineError } from '@criujs/engine-kit';
import type { FdinfoEntry, FileEntry as PartialFileEntry } from '@criujs/images';
import { closeFd } from '@criujs/linux';
import { blaming } from '../engine/blame.ts';
import { openFlag } from '../kinds/files/flags.ts';
import type { FileEntry, FileKind, Opener, Table } from '../kinds/files/kind.ts';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import { openAgain, openNamed } from '../kinds/files/named.ts';
import { isSameFile } from '../kinds/files/reachable.ts';
import { regOf } from '../kinds/files/reg-entry.ts';
import { remapImage } from '../kinds/files/remap.ts';
import { imageReader } from '../kinds/files/side-images.ts';
import { fileKinds } from '../kinds/files/table.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import type { BeforeItRuns } from '../machinery/guard/releases.ts';
import { readRecords } from '../records.ts';
import type { Session } from '../run/session.ts';
import { restoreInodes } from './inodes.ts';
import { openAll } from './open-all.ts';
import { restoreOwners } from './owners.ts';
import { filesById, readTables } from './tables.ts';
import { verifyFiles } from './verify.ts';

/** One descriptor that a task is to have. */
export interface Placement {
  readonly fd: number;
  /** The engine's own descriptor of the same open file. */
  readonly source: number;
  readonly cloexec: boolean;
}

/** All open files of the images, open in the engine. Every descriptor here is close-on-exec and the engine's own. */
export interface OpenedFiles {
  /** The open file with this id. */
  descriptor(id: number): number;
  /** A file that a plugin opened, in words, and the plugin that dumped it where the images say; null: the engine opened it. */
  ofPlugin(id: number): { readonly resource: string; readonly plugin: string | undefined } | null;
  /** The path of a file that has one. */
  path(id: number): string;
  /** What memory is mapped from: a regular file opened anew for reading or for both, or the very file of a plugin. */
  mapping(id: number, access: 'read' | 'write'): number;
  /** A directory to change to: fchdir(2) takes it. */
  directory(id: number): number;
  /** Whether a directory is another than the engine's own root. */
  isForeignRoot(id: number): boolean;
  placements(filesId: number): Placement[];
  /** Sets owners of signals, and flags and positions of external files. `pids` tells the pid now of a pid then. */
  afterFork(pids: (old: number) => number): void;
  /** Calls for the task with this table, to be made when all its descriptors are in place. */
  afterTasks(filesId: number): TaskCall[];
  close(): void;
}

/** What the images say of files. */
export interface FileImages {
  readonly files: readonly PartialFileEntry[];
  readonly fdinfo: ReadonlyMap<number, readonly FdinfoEntry[]>;
  /** Ids of devices that a plugin took as memory maps: these may be opened. */
  readonly devices: ReadonlySet<number>;
}

/**
 * Opens every file that a process had. Everything that can be checked is checked before anything is opened or a plugin is asked.
 * @throws EngineError IMAGE_INVALID, UNSUPPORTED, FILE_MISSING, FILE_CHANGED, NOT_PERMITTED, PLUGIN_MISSING …
 */
export function openFiles(images: FileImages, session: Session, beforeItRuns: BeforeItRuns): OpenedFiles {
  // Decoding has seen to it that required fields are there.
  const reader = imageReader(session.store);
  const files = filesById(images.files as readonly FileEntry[], reader.read('REMAP_FPATH', remapImage));
  const tables = readTables(images.fdinfo, files);
  const placed = new Set([...tables.values()].flatMap((table) => [...table.values()].map(({ id }) => id)));
  const byKind = groupByKind(files.values());
  for (const table of tables.values()) tableCalls(table, tables, files);
  const records = readRecords(session.store);
  const held: (() => void)[] = [];
  const kept: number[] = [];
  const context = {
    session,
    records,
    images: reader,
    entry: (id: number) => files.get(id),
    hasDescriptor: (id: number) => placed.has(id),
    untilOpen: (release: () => void) => void held.push(release),
    beforeItRuns,
    keep: (fd: number) => void kept.push(fd),
  };
  const openers = new Map<FileKind, Opener>();
  const opened = new Map<number, number>();
  const paths = new Map<string, number>();

  function openerOf(file: FileEntry): Opener {
    const kind = kindOfEntry(file);
    const opener = openers.get(kind);
    if (opener === undefined) throw new EngineError('INTERNAL', `the kind ${kind.name} was not loaded`);
    return opener;
  }

  /** Files that no process has a descriptor of may still be mapped; those with a path are opened where they are needed. */
  function isOpen(file: FileEntry): boolean {
    return placed.has(file.id) || (file.reg === undefined && (kindOfEntry(file).isOpenFile?.(file) ?? true));
  }

  function release(): void {
    for (const undo of held.splice(0).reverse()) undo();
  }

  function close(): void {
    for (const fd of [...opened.values(), ...paths.values(), ...kept.splice(0)]) closeFd(fd);
    opened.clear();
    paths.clear();
    release();
  }

  function openPathOf(id: number, flags: number): number {
    const file = fileWith(files, id);
    const handle = openerOf(file).handle?.(file);
    const path = handle ?? regOf(file).name;
    const key = `${flags}:${path}`;
    const fd = paths.get(key) ?? (handle === undefined ? openNamed(path, flags) : openAgain(path, flags));
    paths.set(key, fd);
    return fd;
  }

  function descriptor(id: number): number {
    const file = fileWith(files, id);
    const fd = opened.get(id) ?? blaming('files.img', () => openerOf(file).open(file));
    if (fd === 'later') throw new EngineError('INTERNAL', `file ${id} is not open yet`);
    opened.set(id, fd);
    return fd;
  }

  try {
    for (const kind of fileKinds) openers.set(kind, kind.load({ ...context, entries: byKind.get(kind) ?? [] }));
    verifyFiles(files.values(), placed, images.devices);
    openAll(
      [...files.values()].filter(isOpen),
      { session, records, open: (file) => openerOf(file).open(file) },
      opened,
    );
    restoreInodes(opened, records);
    release();
  } catch (error) {
    close();
    throw error;
  }

  return {
    descriptor,
    ofPlugin(id) {
      if (kindOfEntry(fileWith(files, id)).plugins === undefined) return null;
      const file = records?.externals.find((it) => it.id === id)?.file;
      return { resource: `file ${id}${file?.path ? ` (${file.path})` : ''}`, plugin: file?.provider?.name };
    },
    path: (id) => regOf(fileWith(files, id)).name,
    mapping: (id, access) => {
      if (fileWith(files, id).reg === undefined) return descriptor(id);
      return openPathOf(id, access === 'write' ? openFlag.O_RDWR : 0);
    },
    directory: (id) => openPathOf(id, openFlag.O_PATH | openFlag.O_DIRECTORY),
    isForeignRoot: (id) => !isSameFile(regOf(fileWith(files, id)).name, '/'),
    placements: (filesId) =>
      [...tableWith(tables, filesId).values()].map(({ fd, id, flags }) => {
        return { fd, source: descriptor(id), cloexec: (flags & 1) === 1 };
      }),
    afterFork(pids) {
      for (const [id, fd] of opened) {
        const entry = fileWith(files, id);
        openerOf(entry).afterFork?.(entry, fd);
      }
      restoreOwners(opened, files, pids, session);
    },
    afterTasks: (filesId) => tableCalls(tableWith(tables, filesId), tables, files),
    close,
  };
}

function tableCalls(own: Table, tables: ReadonlyMap<number, Table>, files: ReadonlyMap<number, FileEntry>): TaskCall[] {
  const all = [...tables.values()];
  return [...own.values()].flatMap(({ fd, id }) => {
    const entry = fileWith(files, id);
    return kindOfEntry(entry).afterTasks?.(entry, fd, { own, all }) ?? [];
  });
}

/** @throws EngineError UNSUPPORTED for an entry of none of the kinds */
function groupByKind(files: Iterable<FileEntry>): ReadonlyMap<FileKind, readonly FileEntry[]> {
  const byKind = new Map<FileKind, FileEntry[]>();
  for (const file of files) {
    const kind = kindOfEntry(file);
    const known = byKind.get(kind);
    if (known === undefined) byKind.set(kind, [file]);
    else known.push(file);
  }
  return byKind;
}

function fileWith(files: ReadonlyMap<number, FileEntry>, id: number): FileEntry {
  const file = files.get(id);
  if (file === undefined)
    throw new EngineError('IMAGE_INVALID', `files.img does not have file ${id}`, { resource: 'files.img' });
  return file;
}

function tableWith(tables: ReadonlyMap<number, Table>, filesId: number): Table {
  const table = tables.get(filesId);
  if (table === undefined) throw new EngineError('IMAGE_INVALID', `there is no fdinfo-${filesId}.img`);
  return table;
}
