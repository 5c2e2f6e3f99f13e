import { arena, type Block } from './arena.ts';
import { errno, LinuxError } from './errors.ts';
import { expectSuccess, trySyscall } from './syscall.ts';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

/** Memory travels through the arena in pieces of this many bytes. */
const pieceLength = 2 ** 20;

/** A file seen as memory of ours. */
export interface MappedFile {
  readonly address: number;
  unmap(): void;
}

/** Maps the first `length` bytes of a file, shared, as a source (`read`) or a target (`write`) of bulk copies. */
export function mapFile(fd: number, length: number, how: 'read' | 'write'): MappedFile {
  const protection = how === 'write' ? PROT_READ | PROT_WRITE : PROT_READ;
  const result = trySyscall('mmap', 0, length, protection, MAP_SHARED, fd, 0);
  const address = expectSuccess(result, 'mmap', { about: `${length} bytes of descriptor ${fd}` });
  return { address, unmap: () => void expectSuccess(trySyscall('munmap', address, length), 'munmap') };
}

/**
 * Copies memory of another process, process_vm_readv(2).
 * @throws LinuxError when any of it cannot be read (EFAULT), the process is gone (ESRCH) or may not be traced (EPERM).
 */
export function readMemory(pid: number, address: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    arena.scope(() => {
      const piece = arena.alloc(Math.min(pieceLength, length - done));
      const got = readMemoryInto(pid, address + done, piece.address, piece.length);
      if (got === 0) throw new LinuxError('process_vm_readv', errno.EFAULT, where(pid, address + done, length - done));
      piece.bytes.copy(bytes, done, 0, got);
      done += got;
    });
  }
  return bytes;
}

/**
 * Copies memory of another process to `local`, an address of ours, without a detour. Answers how many bytes it copied:
 * fewer than asked when a page further on cannot be read, and about 2 GiB at most.
 */
export function readMemoryInto(pid: number, remote: number, local: number, length: number): number {
  return transfer('process_vm_readv', pid, remote, local, length);
}

/**
 * Writes memory of another process, process_vm_writev(2). Pages that the process itself may not write are refused;
 * for those see `Tracee.poke`.
 */
export function writeMemory(pid: number, address: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) {
    arena.scope(() => {
      const piece = arena.alloc(Math.min(pieceLength, bytes.length - done));
      piece.bytes.set(bytes.subarray(done, done + piece.length));
      const put = transfer('process_vm_writev', pid, address + done, piece.address, piece.length);
      if (put === 0) {
        throw new LinuxError('process_vm_writev', errno.EFAULT, where(pid, address + done, bytes.length - done));
      }
      done += put;
    });
  }
}

/** A piece of another process's memory, in bytes. */
export interface MemoryPiece {
  readonly start: number;
  readonly length: number;
}

/**
 * Writes bytes that lie in a row at `local`, an address of ours, into pieces of another process's memory, without a detour.
 * Answers how many bytes it wrote: fewer than asked when a page further on cannot be written.
 *
 * @param pieces at most 1024 (IOV_MAX), of about 2 GiB together
 * @throws LinuxError as {@link writeMemory}
 */
export function writeMemoryFrom(pid: number, local: number, pieces: readonly MemoryPiece[]): number {
  return arena.scope(() => {
    const vectors = arena.alloc(16 * (pieces.length + 1));
    let length = 0;
    pieces.forEach((piece, at) => {
      setVector(vectors, 16 * (at + 1), piece.start, piece.length);
      length += piece.length;
    });
    setVector(vectors, 0, local, length);
    const { address } = vectors;
    const result = trySyscall('process_vm_writev', pid, address, 1, address + 16, pieces.length, 0);
    return expectSuccess(result, 'process_vm_writev', where(pid, pieces[0]?.start ?? 0, length));
  });
}

function transfer(
  call: 'process_vm_readv' | 'process_vm_writev',
  pid: number,
  remote: number,
  local: number,
  length: number,
): number {
  return arena.scope(() => {
    const vectors = arena.alloc(32);
    setVector(vectors, 0, local, length);
    setVector(vectors, 16, remote, length);
    const result = trySyscall(call, pid, vectors.address, 1, vectors.address + 16, 1, 0);
    return result < 0 ? expectSuccess(result, call, where(pid, remote, length)) : result;
  });
}

/** Writes a struct iovec. */
export function setVector(block: Block, offset: number, address: number, length: number): void {
  setWord(block.view, offset, address);
  setWord(block.view, offset + 8, length);
}

/** 64 bits in two halves: a bigint for each would be made for each run of pages. */
function setWord(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

function where(pid: number, address: number, length: number): { about: string; pid: number } {
  return { about: `of ${length} bytes at 0x${address.toString(16)} of process ${pid}`, pid };
}
