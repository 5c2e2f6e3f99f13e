/** Kinds of locks in filelocks.img, by the kernel's word in /proc/PID/fdinfo. CRIU's include/file-lock.h */
export const lockKinds = { POSIX: 1, FLOCK: 2, OFDLCK: 4, LEASE: 8 } as const;

export type LockKind = keyof typeof lockKinds;

/** Types of locks and leases by the kernel's word. asm-generic/fcntl.h, F_RDLCK, F_WRLCK, F_UNLCK */
export const lockTypes = { READ: 0, WRITE: 1, UNLCK: 2 } as const;

export type LockType = keyof typeof lockTypes;

/** A lease that somebody makes its holder give up: a bit beside its type, which is what it is to become. CRIU's include/file-lock.h */
export const leaseBreaking = 4;

/** Commands of fcntl(2). */
export const lockCommands = { setLock: 6, openFileTest: 36, openFileSet: 37, setLease: 1024, getLease: 1025 } as const;

/** Operations of flock(2). */
export const flockOperations = { shared: 1, exclusive: 2, atOnce: 4, release: 8 } as const;

/** `struct flock` of fcntl(2), on x86-64: its size and where its parts are. */
const lockSize = 32;
const startAt = 8;
const lengthAt = 16;
const pidAt = 24;

/** A range of bytes to lock, as fcntl(2) takes it. */
export function lockStruct(type: number, start: bigint, length: bigint): Uint8Array {
  const bytes = new Uint8Array(lockSize);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, type, true);
  view.setBigInt64(startAt, start, true);
  view.setBigInt64(lengthAt, length, true);
  return bytes;
}

/** What a question whether a range could be locked was answered: who has locked it, -1 an open file; null: it could be. */
export function holderOf(answer: DataView): number | null {
  return answer.getInt16(0, true) === lockTypes.UNLCK ? null : answer.getInt32(pidAt, true);
}
