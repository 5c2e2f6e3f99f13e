import { exact } from '@criujs/engine-kit';
import { deviceNumber, errno, errnoName, getFlags, trySyscall } from '@criujs/linux';
import type { DeviceNumber, DeviceStat, DumpedFile, FileKind, RecordedFile, SignalOwner } from '@criujs/plugin-sdk';
import { hookFlags, type Message } from '@criujs/wire';

type Question = Message<'HOOK'>;

/** The type bits of a file's mode, inode(7). */
const typeMask = 0o170000;
const kinds: ReadonlyMap<number, FileKind> = new Map([
  [0o140000, 'socket'],
  [0o100000, 'regular'],
  [0o060000, 'block'],
  [0o040000, 'directory'],
  [0o020000, 'character'],
  [0o010000, 'fifo'],
]);

/** In the order of F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP, fcntl(2). */
const ownerTypes: readonly SignalOwner['type'][] = ['thread', 'process', 'group'];

/** O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME: what F_SETFL can change (fcntl(2)), on x86-64. */
const statusFlags = 0o2000 | 0o4000 | 0o20000 | 0o40000 | 0o1000000;

/** Errors of lseek(2) on what has no position. */
const unseekable: readonly number[] = [errno.ESPIPE, errno.EINVAL, errno.ENXIO, errno.ENODEV];
const SEEK_SET = 0;
const F_SETFL = 4;

/** What the bridge saw of a file. Who holds it is not known before the images are there. */
export function dumpedFile(question: Question): DumpedFile {
  const { about, path, inode, flags, position } = question;
  const link = about & hookFlags.LINK ? path : null;
  return {
    path: link,
    kind: kindOf(question),
    rdev: deviceOf(question),
    inode: exact(inode),
    flags,
    position: exact(position),
    owner: ownerOf(question),
    holders: [],
  };
}

/** What fstat(2) says of a mapped device. */
export function deviceStat({ mode, device, inode, rdev }: Question): DeviceStat {
  return { mode, device: deviceNumber(device), inode: exact(inode), rdev: deviceNumber(rdev) };
}

/** What images say that nobody but CRIU wrote. */
export const unrecorded: RecordedFile = {
  path: null,
  kind: 'unknown',
  rdev: null,
  inode: 0,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
  provider: null,
};

/**
 * Gives a descriptor the status flags and the position of before, where it lets one set them; CRIU itself sets its signal
 * owner. Answers what did not work, in words.
 */
export function putBack(fd: number, file: RecordedFile): readonly string[] {
  const flags = putFlags(fd, file.flags);
  const position = trySyscall('lseek', fd, file.position, SEEK_SET);
  const moved = position >= 0 || unseekable.includes(-position);
  return [
    ...(flags >= 0 ? [] : [`its status flags cannot be set to what they were (${errnoName(-flags)})`]),
    ...(moved ? [] : [`it cannot go back to position ${file.position} (${errnoName(-position)})`]),
  ];
}

/** 0, or a negated error number. */
function putFlags(fd: number, flags: number): number {
  const now = getFlags(fd);
  const wanted = (now & ~statusFlags) | (flags & statusFlags);
  return now === wanted ? 0 : trySyscall('fcntl', fd, F_SETFL, wanted);
}

function kindOf({ path, mode }: Question): FileKind {
  if (path.startsWith('anon_inode:')) return 'anonymous';
  return kinds.get(mode & typeMask) ?? 'unknown';
}

function deviceOf(question: Question): DeviceNumber | null {
  const kind = kinds.get(question.mode & typeMask);
  return kind === 'character' || kind === 'block' ? deviceNumber(question.rdev) : null;
}

function ownerOf({ ownerPid, ownerType, ownerSignal, ownerUid, ownerEuid }: Question): SignalOwner | null {
  if (ownerPid === 0) return null;
  const type = ownerTypes[ownerType] ?? 'process';
  return { pid: ownerPid, signal: ownerSignal, uid: ownerUid, euid: ownerEuid, type };
}
