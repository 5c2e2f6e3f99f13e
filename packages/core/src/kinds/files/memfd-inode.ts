import { statfsSync } from 'node:fs';
import { memoryFileSystem } from '../../facts/memfd.ts';
import type { HeldFile } from './held.ts';
import { deletedMark, nameOf } from './reachable.ts';

/** How the kernel's link to a memfd begins. memfd_create(2). */
export const memfdPrefix = '/memfd:';

/** What the kernel shows as the name of anonymous shared memory, and CRIU takes for that of a memfd. */
export const sharedMemoryName = '/dev/zero';
export const sharedMemoryLink: string = `${sharedMemoryName}${deletedMark}`;

/** The image that has the memory behind memfds. */
export const memfdImage = 'memfd.img';

/** Memory with huge pages lies in another file system, which numbers inodes by itself. */
const hugeInodes = 0x4000_0000n;

/** The number of a memfd's memory in the images: its inode, as CRIU takes it: less than 2^31. */
export function inodeIdOf(file: Pick<HeldFile, 'stat' | 'handle'>): bigint {
  const inode = BigInt.asUintN(30, file.stat.ino);
  return hugePagesOf(file) === null ? inode : inode | hugeInodes;
}

/** The size of its huge pages in bytes; null: it has none. */
export function hugePagesOf({ handle }: Pick<HeldFile, 'handle'>): number | null {
  const { type, bsize } = statfsSync(handle);
  return type === memoryFileSystem.huge ? bsize : null;
}

/** The name that it was made with. */
export function memfdName({ link }: Pick<HeldFile, 'link'>): string {
  return link === sharedMemoryLink ? sharedMemoryName : nameOf(link).slice(memfdPrefix.length);
}
