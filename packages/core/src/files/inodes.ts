import type { InodeRecord, Records } from '@criujs/engine-kit';
import type { SavedFile } from '../kinds/files/dumping.ts';
import { giveInode } from '../kinds/files/give-inode.ts';
import type { FileKind } from '../kinds/files/kind.ts';
import { permissionBits } from '../kinds/files/stat.ts';

/** What the records say of files that a restore makes anew. */
export function inodeRecords(byKind: ReadonlyMap<FileKind, readonly SavedFile[]>): InodeRecord[] {
  return [...byKind].flatMap(([{ madeAnew }, files]) =>
    madeAnew
      ? files.map(({ entry: { id }, file: { stat } }) => {
          return { id, uid: Number(stat.uid), gid: Number(stat.gid), mode: Number(stat.mode) & permissionBits };
        })
      : [],
  );
}

/**
 * Gives files that were made anew the owner and mode that they had.
 * @param opened the engine's descriptors by the ids of their files
 * @throws EngineError NOT_PERMITTED
 */
export function restoreInodes(opened: ReadonlyMap<number, number>, records: Records | null): void {
  for (const inode of records?.inodes ?? []) {
    const fd = opened.get(inode.id);
    if (fd !== undefined) giveInode(fd, inode, { what: `file ${inode.id}` });
  }
}
