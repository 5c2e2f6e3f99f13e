// How those that hold an object name it.

/** Anonymous shared memory, by its inode at the dump. */
export function sharedMemoryKey(id: bigint): string {
  return `shared memory ${id}`;
}
