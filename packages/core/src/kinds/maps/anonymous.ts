import type { Vma } from '@criujs/linux';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapKind, SavedMap } from './kind.ts';
import { mapPrivate } from './map-call.ts';

/** What malloc(3) grows with brk(2). */
export const heap: MapKind = {
  name: 'heap',
  describe: [{ subject: 'memory', taken: ['heap'] }],
  recognise: ({ name }) => (name === '[heap]' ? 'mine' : null),
  save: (vma) => savePrivate(vma, vmaStatus.heap),
  matches: ({ status }) => (status & vmaStatus.heap) !== 0,
  make: mapPrivate,
};

/** Private anonymous memory, including stacks. */
export const anonymous: MapKind = {
  name: 'private memory',
  describe: [
    { subject: 'memory', taken: ['private memory (what processes share since a `fork` stays shared)', 'stacks'] },
  ],
  recognise: ({ name, inode, shared }) =>
    name === '[stack]' || (inode === 0 && !shared && !name.startsWith('/')) ? 'mine' : null,
  save: (vma) => savePrivate(vma, 0),
  matches: ({ status }) => (status & (vmaStatus.filePrivate | vmaStatus.fileShared)) === 0,
  make: mapPrivate,
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
