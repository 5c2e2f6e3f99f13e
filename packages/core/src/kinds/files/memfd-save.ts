import { closeFd, errno, openPath, syscall, trySyscall } from '@criujs/linux';
import { memfdFlag, noMoreSeals, sealCommand } from '../../facts/memfd.ts';
import { filePages } from '../../pages/file-pages.ts';
import { sharedMemoryPagemap } from '../objects/keys.ts';
import type { FoundObject } from '../objects/kind.ts';
import type { SaveContext, SavedFile } from './dumping.ts';
import { openFlag } from './flags.ts';
import { hugePagesOf, inodeIdOf, memfdImage, memfdName } from './memfd-inode.ts';

/** Writes what is behind memfds, each once. */
export function saveInodes(files: readonly SavedFile[], { images }: SaveContext): void {
  if (files.length === 0) return;
  images.write(
    'MEMFD_INODE',
    memfdImage,
    inodesOf(files).map(({ file }) => {
      const { stat } = file;
      const inodeId = inodeIdOf(file);
      const huge = hugePagesOf(file);
      return {
        message: {
          name: memfdName(file),
          uid: Number(stat.uid),
          gid: Number(stat.gid),
          size: stat.size,
          shmid: Number(inodeId),
          seals: sealsOf(file.handle),
          inodeId,
          mode: Number(stat.mode),
          ...(huge !== null && { hugetlbFlag: memfdFlag.hugePages | (Math.log2(huge) << memfdFlag.hugeShift) }),
        },
      };
    }),
  );
}

/** The memory of memfds: its pages lie as those of anonymous shared memory do. */
export function memfdContents(files: readonly SavedFile[]): FoundObject[] {
  return inodesOf(files).map(({ file }) => ({
    pagemap: sharedMemoryPagemap(inodeIdOf(file)),
    pages(check) {
      const open = (): number => openPath(file.handle, openFlag.O_CLOEXEC);
      return filePages({ open, size: Number(file.stat.size), hugePage: hugePagesOf(file) }, check);
    },
  }));
}

function inodesOf(files: readonly SavedFile[]): SavedFile[] {
  return [...new Map(files.map((saved) => [inodeIdOf(saved.file), saved])).values()];
}

function sealsOf(handle: string): number {
  const fd = openPath(handle, openFlag.O_CLOEXEC);
  try {
    const seals = trySyscall('fcntl', fd, sealCommand.get);
    // Kernels before 4.16 have no seals with huge pages.
    return seals === -errno.EINVAL ? noMoreSeals : seals < 0 ? syscall('fcntl', fd, sealCommand.get) : seals;
  } finally {
    closeFd(fd);
  }
}
