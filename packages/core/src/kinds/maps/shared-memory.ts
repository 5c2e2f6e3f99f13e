import type { Vma } from '@criujs/linux';
import { mapFlag, protection, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapContext, MapKind, SavedMap } from './kind.ts';
import { checkPlace, mapAgain } from './map-again.ts';
import { saveOfFile } from './of-file.ts';

/** Anonymous memory that processes share: MAP_SHARED with MAP_ANONYMOUS, or /dev/zero. mmap(2). */
export const sharedMemory: MapKind = {
  name: 'anonymous shared memory',
  describe: [],
  recognise: (vma) => (isSharedMemory(vma) ? 'mine' : null),
  save: saveShared,
  matches: ({ status }) => (status & vmaStatus.anonymousShared) !== 0,
  check: checkPlace,
  make: mapAgain,
  madeWith: protection.read | protection.write,
};

function isSharedMemory({ shared, deleted, inode, name }: Vma): boolean {
  if (!shared) return false;
  if (name.startsWith('[anon_shmem:')) return true;
  return deleted ? name.startsWith('/dev/zero') : inode === 0 && !name.startsWith('/');
}

function saveShared(vma: Vma, { files }: MapContext): SavedMap {
  const held = files.sharedMemory(vma);
  if (held !== null) return saveOfFile(vma, files.addPath(held), held.flags === 0 ? 0 : 2, vmaStatus.memfd);
  return {
    fields: {
      pgoff: BigInt(vma.offset),
      shmid: BigInt(vma.inode),
      flags: mapFlag.shared | mapFlag.anonymous | keptFlags(vma),
      status: vmaStatus.regular | vmaStatus.anonymousShared,
    },
    pages: 'none',
  };
}
