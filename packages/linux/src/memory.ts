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
  block.view.setBigUint64(offset, BigInt(address), true);
  block.view.setBigUint64(offset + 8, BigInt(length), true);
}

function where(pid: number, address: number, length: number): { about: string; pid: number } {
  return { about: `of ${length} bytes at 0x${address.toString(16)} of process ${pid}`, pid };
}
