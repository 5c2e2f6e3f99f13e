import { writeSync } from 'node:fs';
import { arena } from '../arena.ts';
import { expectSuccess, type SyscallArgument, syscall, trySyscall } from '../syscall.ts';

/** The current directory, for calls that begin at a directory. openat(2). */
export const AT_FDCWD: number = -100;
const O_CLOEXEC = 0o2000000;
const MFD_CLOEXEC = 1;
const SEEK_SET = 0;
const F_DUPFD = 0;
const F_GETFD = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;

/** Opens a file, open(2). Always close-on-exec: Node may start a program at any moment. */
export function openPath(path: string, flags: number, mode = 0): number {
  return arena.scope(() => {
    const name = arena.cstring(path);
    return expectSuccess(trySyscall('openat', AT_FDCWD, name.address, flags | O_CLOEXEC, mode), 'open', {
      about: path,
    });
  });
}

/** `struct open_how`: flags, mode and how the path is resolved. openat2(2). */
const openHowSize = 24;
const RESOLVE_NO_MAGICLINKS = 0x02;
/** For a file of any kind, without reading or writing it. open(2) */
export const O_PATH = 0o10000000;
/** What openat2(2) takes beside O_PATH, where openat(2) overlooks the rest: O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC. */
const besidePath = O_PATH | 0o200000 | 0o400000 | O_CLOEXEC;

/**
 * The same for a path that somebody else has chosen: it leads over no magic link of /proc, such as `/proc/self/exe` or
 * `/proc/self/fd/3`, which would be ours (ELOOP). Kernels before 5.6, and filters of containers that do not know the call, follow them.
 */
export function openForeignPath(path: string, flags: number): number {
  canTell ??= isAnswered(tryOpen('/', O_PATH | O_CLOEXEC));
  if (!canTell) return openPath(path, flags);
  const wanted = flags | O_CLOEXEC;
  return expectSuccess(tryOpen(path, wanted & O_PATH ? wanted & besidePath : wanted), 'open', { about: path });
}

/** Whether openat2(2) works here; undefined: nobody has asked. */
let canTell: boolean | undefined;

function isAnswered(fd: number): boolean {
  if (fd >= 0) closeFd(fd);
  return fd >= 0;
}

function tryOpen(path: string, flags: number): number {
  return arena.scope(() => {
    const name = arena.cstring(path);
    const how = arena.alloc(openHowSize);
    how.view.setBigUint64(0, BigInt(flags), true);
    how.view.setBigUint64(16, BigInt(RESOLVE_NO_MAGICLINKS), true);
    return trySyscall('openat2', AT_FDCWD, name.address, how.address, openHowSize);
  });
}

export function closeFd(fd: number): void {
  expectSuccess(trySyscall('close', fd), 'close', { about: `descriptor ${fd}` });
}

/** A second number for the same open file: close-on-exec unless told otherwise, and not below `atLeast`. */
export function duplicate(fd: number, how: { cloexec?: boolean; atLeast?: number } = {}): number {
  const command = how.cloexec === false ? F_DUPFD : F_DUPFD_CLOEXEC;
  return fcntl(fd, command, how.atLeast ?? 0);
}

/** Whether a descriptor is closed at execve; null if there is no such descriptor. */
export function isCloseOnExec(fd: number): boolean | null {
  const flags = trySyscall('fcntl', fd, F_GETFD);
  return flags < 0 ? null : (flags & FD_CLOEXEC) !== 0;
}

/** Access mode and status flags of the open file, F_GETFL. */
export function getFlags(fd: number): number {
  return fcntl(fd, F_GETFL, 0);
}

/** Status flags of the open file, F_SETFL: the kernel ignores the others. */
export function setFlags(fd: number, flags: number): void {
  fcntl(fd, F_SETFL, flags);
}

/** Moves the open file's position, lseek(2) with SEEK_SET. */
export function setPosition(fd: number, position: bigint | number): void {
  const about = `descriptor ${fd} to ${position}`;
  expectSuccess(trySyscall('lseek', fd, position, SEEK_SET), 'lseek', { about });
}

/** A file in memory that holds `bytes`, read from its start, memfd_create(2). */
export function memfd(name: string, bytes: Uint8Array, flags = 0): number {
  const fd = arena.scope(() => syscall('memfd_create', arena.cstring(name).address, MFD_CLOEXEC | flags));
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    setPosition(fd, 0);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** A pipe, pipe2(2), close-on-exec unless `flags` are given. */
export function makePipe(flags: number = O_CLOEXEC): [read: number, write: number] {
  return arena.scope(() => {
    const pair = arena.alloc(8);
    syscall('pipe2', pair.address, flags);
    return [pair.view.getInt32(0, true), pair.view.getInt32(4, true)];
  });
}

function fcntl(fd: number, command: number, argument: SyscallArgument): number {
  return expectSuccess(trySyscall('fcntl', fd, command, argument), 'fcntl', { about: `of descriptor ${fd}` });
}
