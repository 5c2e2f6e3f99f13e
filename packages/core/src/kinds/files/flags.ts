/** Flags of open files on x86-64, by their name in open(2) (asm-generic/fcntl.h). */
export const openFlag = {
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_ASYNC: 0o20000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_SYNC: 0o4010000,
  O_PATH: 0o10000000,
} as const;

/** How a file may be used: the two lowest bits of its flags. */
export type Access = 'read' | 'write' | 'both';

const accesses: readonly Access[] = ['read', 'write', 'both', 'both'];

/** The kernel's mark of a file opened with O_TMPFILE, which implies O_DIRECTORY. */
const tmpfileBit = 0o20000000;

/** What may be asked of open(2) a second time: nothing that creates, empties or takes a terminal. */
const reopenable =
  openFlag.O_RDWR |
  openFlag.O_WRONLY |
  openFlag.O_APPEND |
  openFlag.O_NONBLOCK |
  openFlag.O_SYNC |
  openFlag.O_DIRECT |
  openFlag.O_LARGEFILE |
  openFlag.O_DIRECTORY |
  openFlag.O_NOFOLLOW |
  openFlag.O_NOATIME |
  openFlag.O_PATH;

export function accessOf(flags: number): Access {
  return accesses[flags & 0o3] ?? 'both';
}

/** Whether a file was opened without a name (O_TMPFILE). */
export function isTemporary(flags: number): boolean {
  return (flags & tmpfileBit) !== 0;
}

/** The flags that make such a file again, in a directory. */
export function temporaryFlags(flags: number): number {
  return reopenFlags(flags) | tmpfileBit | openFlag.O_DIRECTORY;
}

/** The flags to open a file with again, for a descriptor of the engine's own. */
export function reopenFlags(flags: number): number {
  const wanted = flags & tmpfileBit ? flags & ~openFlag.O_DIRECTORY : flags;
  return (wanted & reopenable) | openFlag.O_CLOEXEC;
}

/** The flags of the open file: close-on-exec belongs to the descriptor. */
export function descriptionFlags(flags: number): number {
  return flags & ~openFlag.O_CLOEXEC;
}
