import { statSync } from 'node:fs';
import type { VmaEntry } from '@criujs/images';
import type { Vma } from '@criujs/linux';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapContext, SavedMap } from './kind.ts';

/** Whether a map comes from an open file, whose id is its `shmid`. */
export function isFileMap({ status }: VmaEntry): boolean {
  return (status & (vmaStatus.filePrivate | vmaStatus.fileShared)) !== 0 && (status & vmaStatus.memfd) === 0;
}

/** How the file of a map has to be opened: O_RDONLY or O_RDWR. open(2). */
type Access = 0 | 2;

/** A map of the file that its name is the path of. A refusal is added when the path does not lead there. */
export function saveByPath(vma: Vma, { process: { pid }, files }: MapContext, status = 0): SavedMap {
  const access = vma.shared && (vma.write || (vma.vmFlags?.has('mw') ?? false)) ? 2 : 0;
  const id = files.addPath(vma.name, { pid, flags: access, stat: statSync(vma.name, { bigint: true }) });
  return saveOfFile(vma, id, access, status);
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
