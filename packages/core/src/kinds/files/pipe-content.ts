import { readSync, writeSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { arena, closeFd, getFlags, makePipe, setFlags, syscall, trySyscall } from '@criujs/linux';
import { openFlag } from './flags.ts';

/** Commands of fcntl(2) for a pipe's size, FIONREAD of ioctl_tty(2), poll(2)'s bits, and SPLICE_F_NONBLOCK of tee(2) and splice(2). */
const getSize = 1032;
const setSize = 1031;
const bytesWaiting = 0x541b;
const pollError = 8;
/** Of poll(2): something can be read, something can be written, and the other end is closed. */
export const pollReadable = 1;
export const pollWritable = 4;
export const pollHangUp = 16;
export const nonBlocking = 2;

/** PIPE_BUF: the most that one packet holds, in bytes. pipe(7). */
const largestPacket = 4096;

/** What a pipe holds, and how much it could. */
export interface PipeContent {
  /** In bytes. */
  readonly size: number;
  readonly data: Uint8Array;
  /** The length of each packet, where what waits was written as packets (O_DIRECT); null: it is a stream. pipe(2). */
  readonly packets: readonly number[] | null;
}

/** How many bytes wait in a pipe or socket. */
export function waitingBytes(fd: number): number {
  return arena.scope(() => {
    const count = arena.alloc(4);
    return trySyscall('ioctl', fd, bytesWaiting, count.address) < 0 ? 0 : count.view.getInt32(0, true);
  });
}

/** Whether no process holds the other end of a pipe any more. One with a name that nobody has written to yet is not closed. pipe(7). */
export function isOtherEndClosed(fd: number): boolean {
  return (conditions(fd) & (pollError | pollHangUp)) !== 0;
}

/** Whether an error waits at a descriptor, which the next call on it tells and takes away. poll(2), POLLERR */
export function hasError(fd: number): boolean {
  return (conditions(fd) & pollError) !== 0;
}

/** What poll(2) says of a descriptor at once, of what it is asked for and of what it says unasked. */
export function conditions(fd: number, wanted = 0): number {
  return arena.scope(() => {
    const poll = arena.alloc(8);
    poll.view.setInt32(0, fd, true);
    poll.view.setInt16(4, wanted, true);
    syscall('poll', poll.address, 1, 0);
    return poll.view.getInt16(6, true);
  });
}

/** How many bytes a pipe can hold. */
export function pipeSize(fd: number): number {
  return syscall('fcntl', fd, getSize);
}

/**
 * Copies what waits in a pipe and leaves it there: tee(2) into a pipe of our own. `fd` is a read end.
 * @param what the pipe, for errors
 * @param inPackets whether an end of it makes packets of what is written
 * @throws EngineError UNSUPPORTED where both packets and a stream wait in it
 */
export function peekPipe(fd: number, what: string, inPackets: boolean): PipeContent {
  const size = pipeSize(fd);
  const waiting = waitingBytes(fd);
  if (waiting === 0) return { size, data: new Uint8Array(), packets: null };
  const copied = <T>(use: (copy: number) => T): T => withCopy(fd, { size, bytes: waiting, what }, use);
  const data = inPackets ? null : copied((copy) => readStream(copy, waiting));
  return data === null
    ? { size, ...copied((copy) => readPackets(copy, waiting, what)) }
    : { size, data, packets: null };
}

/** Lends a pipe that holds a copy of the first bytes of another. */
function withCopy<T>(
  fd: number,
  { size, bytes, what }: { readonly size: number; readonly bytes: number; readonly what: string },
  use: (copy: number) => T,
): T {
  const [readEnd, writeEnd] = makePipe(openFlag.O_CLOEXEC | openFlag.O_NONBLOCK);
  try {
    resizePipe(writeEnd, size);
    const copied = syscall('tee', fd, writeEnd, bytes, nonBlocking);
    if (copied < bytes) throw new EngineError('KERNEL', `${what}: only ${copied} of ${bytes} bytes could be copied`);
    return use(readEnd);
  } finally {
    closeFd(readEnd);
    closeFd(writeEnd);
  }
}

/** F_SETPIPE_SZ; whether the pipe is at least that large now. A user without rights may be over a limit (pipe(7)). */
export function resizePipe(fd: number, size: number): boolean {
  if (syscall('fcntl', fd, getSize) === size) return true;
  return trySyscall('fcntl', fd, setSize, size) >= size;
}

/** Reads a stream in one call; null: packets are in it, at whose end a call of read(2) returns. */
function readStream(fd: number, length: number): Uint8Array | null {
  const data = new Uint8Array(length);
  return readSync(fd, data, 0, length, null) === length ? data : null;
}

function readPackets(fd: number, length: number, what: string): Pick<PipeContent, 'data' | 'packets'> {
  const data = new Uint8Array(length);
  const packets: number[] = [];
  for (let at = 0; at < length; ) {
    const bytes = nextPacket(fd, length - at, what);
    at += readSync(fd, data, at, bytes, null);
    packets.push(bytes);
  }
  return { data, packets };
}

/** How long the next packet is: whoever reads one byte of it, here of a copy, loses the rest of it. pipe(2), O_DIRECT. */
function nextPacket(fd: number, left: number, what: string): number {
  const probe = { size: pipeSize(fd), bytes: Math.min(left, largestPacket), what };
  const lost = withCopy(fd, probe, (copy) => {
    readSync(copy, new Uint8Array(1));
    return probe.bytes - waitingBytes(copy);
  });
  // One byte is a packet if a call that asks for two does not get the next one as well.
  if (lost > 1 || left === 1 || withCopy(fd, probe, (copy) => readSync(copy, new Uint8Array(2))) === 1) return lost;
  throw new EngineError('UNSUPPORTED', `${what}: both packets (O_DIRECT) and a stream wait in it`, {
    remedy: 'Dump when the program has read them.',
  });
}

/**
 * Puts back what waited in a pipe. `fd` is a write end that does not block.
 * @param what the pipe, for errors and warnings
 * @param image where its content comes from
 * @throws EngineError IMAGE_INVALID when the pipe cannot hold it
 */
export function fillPipe(
  { fd, what, image }: { readonly fd: number; readonly what: string; readonly image: string },
  { size, data, packets }: PipeContent,
  warn: (message: string) => void,
): void {
  if (size > 0 && !resizePipe(fd, size))
    warn(`${what} cannot hold ${size} bytes as it did: a limit of this user stands against it (pipe(7))`);
  const flags = getFlags(fd);
  try {
    if (packets !== null) setFlags(fd, flags | openFlag.O_DIRECT);
    for (const { from, to } of packets === null ? [{ from: 0, to: data.length }] : piecesOf(packets))
      for (let at = from; at < to; ) at += writeSync(fd, data, at, to - at);
    if (packets !== null) setFlags(fd, flags);
  } catch (error) {
    throw fillFailure(`${image}: ${what} cannot hold ${data.length} bytes`, error);
  }
}

function piecesOf(lengths: readonly number[]): { readonly from: number; readonly to: number }[] {
  let to = 0;
  return lengths.map((length) => {
    to += length;
    return { from: to - length, to };
  });
}

function fillFailure(message: string, cause: unknown): EngineError {
  const remedy = 'Raise /proc/sys/fs/pipe-max-size, or restore as root.';
  return new EngineError('IMAGE_INVALID', message, { remedy, cause });
}
