import type { Vma } from '@criujs/linux';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapKind, SavedMap } from './kind.ts';

/** What malloc(3) grows with brk(2). */
export const heap: MapKind = {
  name: 'heap',
  recognise: ({ name }) => (name === '[heap]' ? 'mine' : null),
  save: (vma) => savePrivate(vma, vmaStatus.heap),
};

/** Memory of nothing, a process's own; stacks, too. */
export const anonymous: MapKind = {
  name: 'private memory',
  recognise: ({ name, inode, shared }) =>
    name === '[stack]' || (inode === 0 && !shared && !name.startsWith('/')) ? 'mine' : null,
  save: (vma) => savePrivate(vma, 0),
};

function savePrivate(vma: Vma, status: number): SavedMap {
  return {
    fields: {
      flags: mapFlag.private | mapFlag.anonymous | keptFlags(vma),
      status: vmaStatus.regular | vmaStatus.anonymousPrivate | status,
    },
    pages: 'used',
  };
}
