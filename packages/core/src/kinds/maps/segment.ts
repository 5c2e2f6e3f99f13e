import type { Vma } from '@criujs/linux';
import { mapFlag, protection, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapKind, MapRecognition, SavedMap } from './kind.ts';
import { checkPlace, mapAgain } from './map-again.ts';

/** What the kernel calls it: its key when it was made. ipc/shm.c of Linux, newseg() */
const name = /^\/SYSV[0-9a-f]{8}$/;

/** A part of a System V shared memory segment, or all of it. shmat(2) */
export const segmentMap: MapKind = {
  name: 'System V shared memory',
  describe: [
    {
      subject: 'memory',
      taken: ['System V shared memory that is attached'],
      refused: ['System V shared memory with huge pages (`SHM_HUGETLB`)'],
    },
  ],
  recognise,
  save,
  matches: ({ status }) => (status & vmaStatus.sysvShared) !== 0,
  check: checkPlace,
  make: mapAgain,
  madeWith: protection.read | protection.write,
};

function recognise({ deleted, shared, name: shown, vmFlags }: Vma): MapRecognition {
  if (!deleted || !shared || !name.test(shown)) return null;
  if (!vmFlags?.has('ht')) return 'mine';
  return {
    why: 'System V shared memory with huge pages is not supported yet',
    remedy: 'Make the segment without SHM_HUGETLB, or detach it before the dump.',
  };
}

/** Its inode is the id of the segment. Whoever attached it for reading only can never write it: `fdflags` says that. */
function save(vma: Vma): SavedMap {
  return {
    fields: {
      pgoff: BigInt(vma.offset),
      shmid: BigInt(vma.inode),
      flags: mapFlag.shared | keptFlags(vma),
      status: vmaStatus.regular | vmaStatus.sysvShared,
      fdflags: vma.vmFlags?.has('mw') === true ? 2 : 0,
    },
    pages: 'none',
  };
}
