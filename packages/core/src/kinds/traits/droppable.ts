import { syscall, trySyscall } from '@criujs/linux';
import { mapFlag, pageSize, protection } from '../../facts/memory.ts';
import type { TraitKind } from './kind.ts';

const noFile = -1;

/** Memory whose pages the kernel may drop. MAP_DROPPABLE of mmap(2). Its map is made so. */
export const droppable: TraitKind = {
  trait: 'droppable',
  name: 'droppable memory',
  describe: [{ subject: 'memory', taken: ['droppable memory (`MAP_DROPPABLE`)'] }],
  recognise: ({ vmFlags }) => (vmFlags?.has('dp') ? {} : null),
  isSupported,
  since: 'Linux 6.11',
  wholeMaps: true,
  phase: 'filled',
  calls: () => [],
};

function isSupported(): boolean {
  const how = mapFlag.droppable | mapFlag.anonymous;
  const page = trySyscall('mmap', 0, pageSize, protection.read, how, noFile, 0);
  if (page < 0) return false;
  syscall('munmap', page, pageSize);
  return true;
}
