import type { FdinfoEntry, ImageRecord } from '@criujs/images';
import { fdTypeName } from '../kinds/files/file-type.ts';
import type { FileEntry, Table } from '../kinds/files/kind.ts';
import { invalid } from '../kinds/rules.ts';

/** The largest number of descriptors that Linux lets a process have by default (fs.nr_open). */
export const mostDescriptors: number = 2 ** 20;

/**
 * The files of files.img by their id, with where they are found if not under their name.
 * @throws EngineError IMAGE_INVALID when two have one id
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
  return byId;
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
