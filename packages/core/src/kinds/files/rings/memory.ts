import { arena, closeFd, syscall, trySyscall } from '@criujs/linux';
import { ringLayout, ringPart, ringSizes } from '../../../facts/io-uring.ts';
import { mapFlag, protection } from '../../../facts/memory.ts';

/** How large a ring is. */
export interface RingSize {
  /** How many submissions it has room for. */
  readonly entries: number;
  /** How many completions. */
  readonly completions: number;
  /** Whether a list says which submission comes next (no IORING_SETUP_NO_SQARRAY). */
  readonly isIndexed: boolean;
}

/** The memory of a ring, mapped into ours. */
export interface RingMemory {
  /** A copy of a part of it. */
  read(part: RingPartName, from: number, length: number): Buffer;
  write(part: RingPartName, from: number, bytes: Uint8Array): void;
  unmap(): void;
}

export type RingPartName = 'queues' | 'submissions';

/** Bytes that what can be mapped of a ring has. */
export function ringBytes({ entries, completions, isIndexed }: RingSize): Readonly<Record<RingPartName, number>> {
  const indexes = isIndexed ? entries * ringSizes.index : 0;
  return {
    queues: ringLayout.completions.at + completions * ringSizes.completion + indexes,
    submissions: entries * ringSizes.submission,
  };
}

/** MFD_CLOEXEC. memfd_create(2) */
const closeOnExec = 1;

/**
 * Maps a ring. Its bytes go through a file: older kernels let nobody but the processor look into such memory.
 * @param fd a descriptor of the engine's
 * @throws LinuxError EINVAL, or EFAULT later, where the ring is smaller
 */
export function mapRing(fd: number, size: RingSize): RingMemory {
  const lengths = ringBytes(size);
  const map = (part: RingPartName): number =>
    syscall('mmap', 0, lengths[part], protection.read | protection.write, mapFlag.shared, fd, ringPart[part]);
  const queues = map('queues');
  const places = { queues, submissions: map('submissions') };
  const between = makeFile();
  return {
    read: (part, from, length) => {
      syscall('pwrite64', between, places[part] + from, length, 0);
      return arena.scope(() => {
        const block = arena.alloc(length);
        syscall('pread64', between, block.address, length, 0);
        return Buffer.from(block.bytes);
      });
    },
    write: (part, from, bytes) => {
      arena.scope(() => {
        const block = arena.alloc(bytes.length);
        block.bytes.set(bytes);
        syscall('pwrite64', between, block.address, bytes.length, 0);
      });
      syscall('pread64', between, places[part] + from, bytes.length, 0);
    },
    unmap: () => {
      closeFd(between);
      for (const part of ['queues', 'submissions'] as const) syscall('munmap', places[part], lengths[part]);
    },
  };
}

/** Whether a part of a ring has so many bytes. Newer kernels map more, and fail whoever touches what is not there. */
export function isThere(fd: number, part: RingPartName, length: number): boolean {
  const at = trySyscall('mmap', 0, length, protection.read, mapFlag.shared, fd, ringPart[part]);
  if (at < 0) return false;
  const file = makeFile();
  try {
    return trySyscall('pwrite64', file, at + length - 1, 1, 0) === 1;
  } finally {
    closeFd(file);
    syscall('munmap', at, length);
  }
}

function makeFile(): number {
  return arena.scope(() => syscall('memfd_create', arena.cstring('ring').address, closeOnExec));
}
