import { readSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { arena, closeFd, makePipe, syscall, trySyscall } from '@criujs/linux';
import { openFlag } from './flags.ts';

/** Commands of fcntl(2) for a pipe's size, FIONREAD of ioctl_tty(2), poll(2)'s bits, and SPLICE_F_NONBLOCK of tee(2). */
const getSize = 1032;
const setSize = 1031;
const bytesWaiting = 0x541b;
const pollError = 8;
const pollHangUp = 16;
const nonBlocking = 2;

/** What a pipe holds, and how much it could. */
export interface PipeContent {
  readonly size: number;
  readonly data: Uint8Array;
}

/** How many bytes wait in a pipe or socket. */
export function waitingBytes(fd: number): number {
  return arena.scope(() => {
    const count = arena.alloc(4);
    return trySyscall('ioctl', fd, bytesWaiting, count.address) < 0 ? 0 : count.view.getInt32(0, true);
  });
}

/** Whether no process holds the other end of a pipe any more. pipe(7). */
export function isOtherEndClosed(fd: number): boolean {
  return arena.scope(() => {
    const poll = arena.alloc(8);
    poll.view.setInt32(0, fd, true);
    syscall('poll', poll.address, 1, 0);
    return (poll.view.getInt16(6, true) & (pollError | pollHangUp)) !== 0;
  });
}

/** Copies what waits in a pipe and leaves it there: tee(2) into a pipe of our own. `fd` is a read end. */
export function peekPipe(fd: number, pipeId: number): PipeContent {
  const size = syscall('fcntl', fd, getSize);
  const waiting = waitingBytes(fd);
  if (waiting === 0) return { size, data: new Uint8Array() };
  const [readEnd, writeEnd] = makePipe(openFlag.O_CLOEXEC | openFlag.O_NONBLOCK);
  try {
    resizePipe(writeEnd, size);
    const copied = syscall('tee', fd, writeEnd, waiting, nonBlocking);
    if (copied < waiting)
      throw new EngineError('KERNEL', `pipe ${pipeId}: only ${copied} of ${waiting} bytes could be copied`);
    return { size, data: readAll(readEnd, copied) };
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

function readAll(fd: number, length: number): Uint8Array {
  const data = new Uint8Array(length);
  for (let at = 0; at < length; ) at += readSync(fd, data, at, length - at, null);
  return data;
}
