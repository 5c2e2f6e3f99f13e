import type { Vma } from '@criujs/linux';
import { vmaStatus } from '../../facts/memory.ts';
import { unsupported } from '../rules.ts';
import type { MapKind } from './kind.ts';
import { unsaved } from './unsupported.ts';

/** Memory of nothing that processes share: MAP_SHARED with MAP_ANONYMOUS, or of /dev/zero. mmap(2). */
export const sharedMemory: MapKind = {
  name: 'anonymous shared memory',
  recognise: (vma) =>
    isSharedMemory(vma)
      ? {
          why: 'anonymous memory shared between processes is not supported yet',
          remedy: 'Share a file on disk instead, or dump it with CRIU.',
        }
      : null,
  save: unsaved,
  matches: ({ status }) => (status & vmaStatus.anonymousShared) !== 0,
  check(_, file) {
    throw unsupported(`${file}: anonymous shared memory is not supported yet`, 'Restore it with CRIU.');
  },
  make: unsaved,
};

function isSharedMemory({ shared, deleted, inode, name }: Vma): boolean {
  return shared && (deleted ? name.startsWith('/dev/zero') : inode === 0 && !name.startsWith('/'));
}
