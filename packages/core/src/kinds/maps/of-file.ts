import { EngineError } from '@criujs/engine-kit';
import type { VmaEntry } from '@criujs/images';
import type { Vma } from '@criujs/linux';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapContext, SavedMap } from './kind.ts';

/** Whether a map comes from an open file, whose id is its `shmid`. */
export function isFileMap({ status }: VmaEntry): boolean {
  return (status & (vmaStatus.filePrivate | vmaStatus.fileShared | vmaStatus.socket)) !== 0;
}

/** How to open the file of a map: O_RDONLY or O_RDWR. open(2). */
type Access = 0 | 2;

/** A map of a file that needs no descriptor. A refusal is added when nobody can dump the file. */
export function saveByPath(vma: Vma, { files, file }: MapContext, status = 0): SavedMap {
  const found = file();
  if ('why' in found) throw new EngineError('INTERNAL', `${vma.name}: ${found.why}`);
  return saveOfFile(vma, files.addPath(found), found.flags === 0 ? 0 : 2, status);
}

/** A map of a file of files.img. */
export function saveOfFile(vma: Vma, id: number, access: Access, status = 0): SavedMap {
  return {
    fields: {
      pgoff: BigInt(vma.offset),
      shmid: BigInt(id),
      flags: (vma.shared ? mapFlag.shared : mapFlag.private) | keptFlags(vma),
      status: vmaStatus.regular | (vma.shared ? vmaStatus.fileShared : vmaStatus.filePrivate) | status,
      fdflags: access,
    },
    pages: vma.shared ? 'none' : 'changed',
  };
}
