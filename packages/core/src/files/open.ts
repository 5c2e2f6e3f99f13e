import { EngineError, type EngineOptions } from '@criujs/engine-kit';
import { closeFd } from '@criujs/linux';
import { blaming } from '../engine/blame.ts';
import { openFlag } from '../kinds/files/flags.ts';
import type { FileKind } from '../kinds/files/kind.ts';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import { openAgain, openNamed } from '../kinds/files/named.ts';
import type { FileEntry, Opener, Table } from '../kinds/files/opening.ts';
import { isSameFile } from '../kinds/files/reachable.ts';
import { regOf } from '../kinds/files/reg-entry.ts';
import { remapImage } from '../kinds/files/remap.ts';
import { imageReader } from '../kinds/files/side-images.ts';
import { fileKinds } from '../kinds/files/table.ts';
import { idsInFlight } from '../kinds/files/unix/queue.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import type { BeforeItRuns } from '../machinery/guard/releases.ts';

import { readRecords } from '../records.ts';
import type { Session } from '../run/session.ts';
import { findInherited } from './inherited.ts';
import { restoreInodes } from './inodes.ts';
import { createLateFiles } from './late.ts';
import { laterSteps } from './later-steps.ts';
import { readLocks } from './lock-restore.ts';
import { treeLocks } from './locks.ts';
import { openAll } from './open-all.ts';
import type { FileImages, OpenedFiles } from './opened.ts';
import { commonOf, restoreOwners, signalCalls } from './owners.ts';
import {
  filesById,
  fileWith,
  groupByKind,
  namesOfTerminals,
  readTables,
  tableCalls,
  tablesOf,
  tableWith,
} from './tables.ts';
import { verifyFiles } from './verify.ts';

/**
 * Opens every file that a process had. Everything that can be checked is checked before anything is opened or a plugin is asked.
 * @throws EngineError IMAGE_INVALID, UNSUPPORTED, FILE_MISSING, FILE_CHANGED, NOT_PERMITTED, PLUGIN_MISSING …
 */
export function openFiles(
  images: FileImages,
  session: Session,
  beforeItRuns: BeforeItRuns,
  options: EngineOptions<'restore'>,
): OpenedFiles {
  // Decoding has seen to it that required fields are there.
  const reader = imageReader(session.store);
  const files = filesById(images.files as readonly FileEntry[], reader.read('REMAP_FPATH', remapImage));
  const tables = readTables(images.fdinfo, files);
  const placed = new Set([
    ...[...tables.values()].flatMap((table) => [...table.values()].map(({ id }) => id)),
    ...idsInFlight(reader),
  ]);
  // Names of open files that have an entry of their own.
  const names = new Set([...files.values()].flatMap(({ named }) => named?.id ?? []).filter((id) => !placed.has(id)));
  const byKind = groupByKind(files.values());
  const records = readRecords(session.store);
  const callsOf = (table: Table): TaskCall[] => tableCalls({ own: table, all: [...tables.values()], records }, files);
  for (const table of tables.values()) callsOf(table);
  const inherited = findInherited(
    [...placed].map((id) => fileWith(files, id)),
    options.inheritFd,
    records,
  );
  const held: (() => void)[] = [];
  const kept: number[] = [];
  const context = {
    ...{ session, options, records, images: reader, openName, beforeItRuns },
    all: () => files.values(),
    handle: (entry: FileEntry) => openerOf(entry).handle?.(entry) ?? regOf(entry).name,
    entry: (id: number) => files.get(id),
    descriptor,
    hasDescriptor: (id: number) => placed.has(id) || names.has(id),
    untilOpen: (release: () => void) => void held.push(release),
    keep: (fd: number) => void kept.push(fd),
  };
  let pidNow = (old: number): number => old;
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

  /** A link to a descriptor is not opened as the link that it is. */
  function openName(file: FileEntry, flags: number): number {
    const handle = openerOf(file).handle?.(file);
    return handle === undefined ? openNamed(regOf(file).name, flags) : openAgain(handle, flags & ~openFlag.O_NOFOLLOW);
  }

  function openPathOf(id: number, flags: number): number {
    const file = fileWith(files, id);
    const key = `${flags}:${context.handle(file)}`;
    const fd = paths.get(key) ?? openName(file, flags);
    paths.set(key, fd);
    return fd;
  }

  function descriptor(id: number): number {
    const file = fileWith(files, id);
    const fd = opened.get(id) ?? blaming('files.img', () => inherited.open(file, openerOf(file)));
    if (fd === 'later') throw new EngineError('INTERNAL', `file ${id} is not open yet`);
    opened.set(id, fd);
    return fd;
  }

  const fileOf = (id: number): [FileEntry, Opener] => [fileWith(files, id), openerOf(fileWith(files, id))];
  const late = createLateFiles(opened, fileOf);
  const later = laterSteps(opened, openers, fileOf, session.warn);
  const locks = treeLocks(readLocks(reader, tablesOf(images.owners, tables), options), {
    fileOf(id) {
      const file = fileWith(files, id);
      return { fd: descriptor(id), flags: commonOf(file)?.flags ?? 0, name: file.reg?.name ?? `file ${id}` };
    },
    restoreOwner: (id) => restoreOwners(new Map([[id, descriptor(id)]]), files, pidNow, session),
  });

  try {
    for (const kind of fileKinds) openers.set(kind, kind.load({ ...context, entries: byKind.get(kind) ?? [] }));
    // What is not there yet can be compared with nothing.
    const terminals = namesOfTerminals(files);
    const there = [...files.values()].filter(
      (file) => !inherited.has(file.id) && !terminals.has(file.id) && !openerOf(file).isLate?.(file),
    );
    verifyFiles(there, { opened: placed, names, devices: images.devices }, options);
    openAll(
      [...files.values()].filter(isOpen),
      { session, records, open: (file) => inherited.open(file, openerOf(file)) },
      opened,
    );
    restoreInodes(new Map([...opened].filter(([id]) => !inherited.has(id) && !late.has(id))), records);
    locks.take();
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
      const file = fileWith(files, id);
      const opener = openerOf(file);
      if (access === 'write' && opener.writable !== undefined) return opener.writable(file);
      if (file.reg === undefined && opener.handle === undefined) return descriptor(id);
      return openPathOf(id, access === 'write' ? openFlag.O_RDWR : 0);
    },
    directory: (id) => openPathOf(id, openFlag.O_PATH | openFlag.O_DIRECTORY),
    isForeignRoot: (id) => !isSameFile(regOf(fileWith(files, id)).name, '/'),
    placements: (filesId) =>
      [...tableWith(tables, filesId).values()].map(({ fd, id, flags }) => {
        return { fd, source: descriptor(id), cloexec: (flags & 1) === 1 };
      }),
    late: (filesId) => late.among([...tableWith(tables, filesId).values()].map(({ id }) => id)),
    allLate: () => late.among(opened.keys()),
    get hasLate() {
      return late.are();
    },
    openLate(place, at) {
      late.open(place, at);
      restoreInodes(new Map([...opened].filter(([id]) => late.has(id))), records);
    },
    led: later.led,
    afterFork(pids, place) {
      pidNow = pids;
      later.afterFork(place);
      restoreOwners(opened, files, pids, session);
    },
    start: later.start,
    afterTasks(filesId, pids) {
      const own = tableWith(tables, filesId);
      return [...callsOf(own), ...pids.flatMap(locks.calls), ...signalCalls(own, [...tables.values()], files, opened)];
    },
    afterCalls: locks.settle,
    close,
  };
}
