import { fstatSync } from 'node:fs';
import { arena } from '../arena.ts';
import { errno } from '../errors.ts';
import { setVector } from '../memory.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';
import { readable, writable } from './ready.ts';

// Descriptors without a position: bytes pass through them once, in order, at the pace of the other end.

/** getsockopt(2), socket(7): the type of a socket, and the one whose bytes come in order and without borders. */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SOCK_STREAM = 1;
/** pwritev2(2): fail with EAGAIN where the call would wait. Pipes and sockets know it since Linux 6.4. */
const RWF_NOWAIT = 8;
/** pwritev2(2): write where a plain write would. */
const noPosition = -1;
/** PIPE_BUF: a pipe that poll(2) calls writable takes this many bytes without a wait. pipe(7). */
const pipeBuffer = 4096;
/** What says that a call would have to wait, or was interrupted. */
const notNow: ReadonlySet<number> = new Set([-errno.EAGAIN, -errno.EINTR]);

/** Whether a descriptor is the end of a pipe, a FIFO, or a stream socket. */
export function isStream(fd: number): boolean {
  const stat = fstatSync(fd);
  return stat.isFIFO() || (stat.isSocket() && socketType(fd) === SOCK_STREAM);
}

function socketType(fd: number): number {
  return arena.scope(() => {
    const value = arena.alloc(4);
    const length = arena.alloc(4);
    length.view.setInt32(0, 4, true);
    expectSuccess(trySyscall('getsockopt', fd, SOL_SOCKET, SO_TYPE, value.address, length.address), 'getsockopt');
    return value.view.getInt32(0, true);
  });
}

/**
 * Reads into memory of ours what a stream holds, and never waits.
 * @returns how many bytes; 0 at the end, null when nothing is there yet
 * @throws LinuxError
 */
export function readNow(fd: number, address: number, length: number): number | null {
  if (readable([fd]).length === 0) return null;
  const result = trySyscall('read', fd, address, length);
  return notNow.has(result) ? null : expectSuccess(result, 'read', { about: `from descriptor ${fd}` });
}

/**
 * Writes from memory of ours what a stream takes, and never waits.
 * @param how 'pieces': as kernels before 6.4 need it, in pieces that surely fit
 * @returns how many bytes; null when it takes none now
 * @throws LinuxError, EPIPE when nobody reads any more
 */
export function writeNow(
  fd: number,
  address: number,
  length: number,
  how: 'whole' | 'pieces' | 'best' = 'best',
): number | null {
  const result = how === 'pieces' ? writePiece(fd, address, length) : writeWhole(fd, address, length);
  if (result === -errno.EOPNOTSUPP && how === 'best') return writeNow(fd, address, length, 'pieces');
  return notNow.has(result) ? null : expectSuccess(result, 'write', { about: `to descriptor ${fd}` });
}

function writeWhole(fd: number, address: number, length: number): number {
  return arena.scope(() => {
    const vector = arena.alloc(16);
    setVector(vector, 0, address, length);
    return trySyscall('pwritev2', fd, vector.address, 1, noPosition, noPosition, RWF_NOWAIT);
  });
}

function writePiece(fd: number, address: number, length: number): number {
  if (writable([fd]).length === 0) return -errno.EAGAIN;
  return trySyscall('write', fd, address, Math.min(length, pipeBuffer));
}
