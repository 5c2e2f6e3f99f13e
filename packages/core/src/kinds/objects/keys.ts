// How those that hold an object name it.

/** Anonymous shared memory, by its inode at the dump. */
export function sharedMemoryKey(id: bigint): string {
  return `shared memory ${id}`;
}

/** The memory of a memfd, by its number in the images. */
export function memfdKey(id: number): string {
  return `memfd ${id}`;
}

/** How a segment is attached: a process that attached it for reading only can never write it. shmat(2) */
export type SegmentAccess = 'read' | 'write';

/** A System V shared memory segment, by its id. */
export function segmentKey(id: number, access: SegmentAccess): string {
  return `segment ${id} (${access})`;
}

/** The image that says where pages of shared memory belong. */
export function sharedMemoryPagemap(id: bigint): string {
  return `pagemap-shmem-${id}.img`;
}

/** The number by which images have the pages of a segment: inodes of other shared memory have 32 bits. */
export function segmentPages(id: number): bigint {
  return (1n << 32n) + BigInt(id);
}
