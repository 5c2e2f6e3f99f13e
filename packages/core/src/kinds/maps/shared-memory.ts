import type { VmaEntry } from '@criujs/images';
import type { Vma } from '@criujs/linux';
import type { MapPlan } from '../../engine/restore/layout.ts';
import { addressEnd, mapFlag, protection, remapFlag, vmaStatus } from '../../facts/memory.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { invalid, unsupported } from '../rules.ts';
import { keptFlags } from './flags.ts';
import type { MapKind, MapPlace, SavedMap } from './kind.ts';

/** Anonymous memory that processes share: MAP_SHARED with MAP_ANONYMOUS, or /dev/zero. mmap(2). */
export const sharedMemory: MapKind = {
  name: 'anonymous shared memory',
  describe: [],
  recognise: (vma) => (isSharedMemory(vma) ? 'mine' : null),
  save: saveShared,
  matches: ({ status }) => (status & (vmaStatus.anonymousShared | vmaStatus.memfd)) !== 0,
  check: checkPlace,
  make: mapAgain,
  madeWith: protection.read | protection.write,
};

function isSharedMemory({ shared, deleted, inode, name }: Vma): boolean {
  if (!shared) return false;
  if (name.startsWith('[anon_shmem:')) return true;
  return deleted ? name.startsWith('/dev/zero') : inode === 0 && !name.startsWith('/');
}

function saveShared(vma: Vma): SavedMap {
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

function checkPlace({ pgoff, start, end, status }: VmaEntry, file: string): void {
  if (status & vmaStatus.filePrivate) throw unsupported(`${file}: private memory of a memfd`, 'Restore it with CRIU.');
  if (pgoff + end - start > BigInt(addressEnd))
    throw invalid(file, `a map of shared memory at its byte ${pgoff}, which fits into no address space`);
}

/** mremap(2): an old size of 0 maps the same memory once more. It may be read and written until the map is finished. */
function mapAgain({ entry, start, end, object: key }: MapPlan, { object }: MapPlace): TaskCall {
  const from = object(key ?? '') + Number(entry.pgoff);
  return {
    name: 'mremap',
    args: [from, 0, end - start, remapFlag.mayMove | remapFlag.fixed, start],
    what: `map ${start.toString(16)}-${end.toString(16)}`,
  };
}
