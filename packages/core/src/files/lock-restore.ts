import { EngineError } from '@criujs/engine-kit';
import type { EntryOf } from '@criujs/images';
import { arena, closeFd, errnoName, syscall, trySyscall } from '@criujs/linux';
import {
  flockOperations,
  holderOf,
  leaseBreaking,
  lockCommands,
  lockKinds,
  lockStruct,
  lockTypes,
} from '../facts/file-locks.ts';
import { accessOf, openFlag } from '../kinds/files/flags.ts';
import type { Table } from '../kinds/files/opening.ts';
import type { ImageReader } from '../kinds/files/side-images.ts';
import { invalid, unsupported } from '../kinds/rules.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import { locksImage } from './lock-dump.ts';

/** A lock of the images, with the file that it is on. */
export interface FileLock extends EntryOf<'FILE_LOCKS'> {
  /** The id of the file. */
  readonly fileId: number;
}

/**
 * Reads and checks the locks of the images, in their order.
 * @param tables those of the processes, by their pids in the images
 * @throws EngineError IMAGE_INVALID; UNSUPPORTED where the user does not let the restore take locks
 */
export function readLocks(
  images: ImageReader,
  tables: ReadonlyMap<number, Table>,
  { fileLocks }: { readonly fileLocks: boolean },
): FileLock[] {
  const locks = images.read('FILE_LOCKS', locksImage).map(({ message }): FileLock => {
    const { pid, fd, flag, type, start, len } = message;
    const fileId = tables.get(pid)?.get(fd)?.id;
    const where = `a lock of descriptor ${fd} of process ${pid}`;
    if (fileId === undefined) throw invalid(locksImage, `${where}, which is not there`);
    if (!Object.values<number>(lockKinds).includes(flag)) throw invalid(locksImage, `${where} of kind ${flag}`);
    const most = flag === lockKinds.LEASE ? lockTypes.UNLCK | leaseBreaking : lockTypes.WRITE;
    if (type > most || type === lockTypes.UNLCK) throw invalid(locksImage, `${where} of type ${type}`);
    if (start < 0n || len < 0n) throw invalid(locksImage, `${where} from ${start} with ${len} bytes`);
    return { ...message, fileId };
  });
  if (locks.length === 0 || fileLocks) return locks;
  throw unsupported(
    `${locks.length} locks of files, which the program held`,
    'Let the restore take them again: --file-locks (option `fileLocks`).',
  );
}

/** An open file of the engine's own that is to be locked. */
export interface LockedFile {
  readonly fd: number;
  readonly flags: number;
  /** In words. */
  readonly name: string;
}

/**
 * Takes range locks that belong to an open file through the engine's own descriptor of it, which processes inherit, and asks for others
 * whether they can be taken.
 * @throws EngineError FILE_CHANGED when another program holds it
 */
export function takeLocks(locks: readonly FileLock[], fileOf: (id: number) => LockedFile): void {
  for (const lock of locks) {
    const { fd, name } = fileOf(lock.fileId);
    const taken = takers[lock.flag]?.(fd, lock) ?? null;
    if (taken !== null) throw takenBy(taken, name);
  }
}

/** How a lock is taken or tried, by its kind. What they answer is a process that holds it, or -1 for somebody; null: nobody else does. */
const takers: Readonly<Record<number, (fd: number, lock: FileLock) => number | null>> = {
  // The kernel tells who has taken it, so that the engine only tries.
  [lockKinds.FLOCK](fd, { type }) {
    if (isTaken(trySyscall('flock', fd, flockOperation(type)), 'lock it with flock(2)')) return -1;
    syscall('flock', fd, flockOperations.release);
    return null;
  },
  [lockKinds.OFDLCK]: (fd, lock) =>
    arena.scope(() => {
      const block = arena.alloc(lockStruct(0, 0n, 0n).length);
      block.bytes.set(lockStruct(lock.type, lock.start, lock.len));
      if (!isTaken(trySyscall('fcntl', fd, lockCommands.openFileSet, block.address), 'lock it')) return null;
      return tryLock(fd, lock) ?? -1;
    }),
  [lockKinds.POSIX]: tryLock,
};

function flockOperation(type: number): number {
  return (type === lockTypes.WRITE ? flockOperations.exclusive : flockOperations.shared) | flockOperations.atOnce;
}

/** Who stands against a lock. */
function tryLock(fd: number, { type, start, len }: FileLock): number | null {
  return arena.scope(() => {
    const wanted = lockStruct(type, start, len);
    const block = arena.alloc(wanted.length);
    block.bytes.set(wanted);
    syscall('fcntl', fd, lockCommands.openFileTest, block.address);
    return holderOf(block.view);
  });
}

function isTaken(result: number, what: string): boolean {
  if (result >= 0) return false;
  const code = errnoName(-result);
  if (code === 'EAGAIN' || code === 'EACCES') return true;
  throw new EngineError(code === 'EBADF' ? 'IMAGE_INVALID' : 'KERNEL', `${locksImage}: cannot ${what} (${code})`);
}

function takenBy(holder: number, name: string): EngineError {
  const who = holder > 0 ? `process ${holder}` : 'another program';
  return new EngineError('FILE_CHANGED', `${name}: ${who} has locked it meanwhile, and the program held a lock on it`, {
    resource: name,
    ...(holder > 0 && { pid: holder }),
    remedy: 'End the program that has locked it, or let it release the lock; then restore again.',
  });
}

/** Calls by which a process takes what only it can: locks of its own or by its pid, and leases, whose signals name its descriptor. */
export function lockCalls(locks: readonly FileLock[], fileOf: (id: number) => LockedFile): TaskCall[] {
  return locks.flatMap(({ flag, type, fd, start, len, fileId }): TaskCall[] => {
    const { name, flags } = fileOf(fileId);
    const what = `take its lock on ${name} again, which another program may have taken meanwhile`;
    if (flag === lockKinds.POSIX)
      return [{ name: 'fcntl', args: [fd, lockCommands.setLock, lockStruct(type, start, len)], what }];
    if (flag === lockKinds.FLOCK) return [{ name: 'flock', args: [fd, flockOperation(type)], what }];
    if (flag !== lockKinds.LEASE) return [];
    return [{ name: 'fcntl', args: [fd, lockCommands.setLease, leaseOf(type, flags)], what }];
  });
}

/** The lease before somebody began to break it: of the two, the one that its file allows. fcntl(2), F_SETLEASE */
function leaseOf(type: number, flags: number): number {
  if ((type & leaseBreaking) === 0) return type;
  return accessOf(flags) === 'read' ? lockTypes.READ : lockTypes.WRITE;
}

/**
 * Breaks those leases again that were being broken, by an open file that does not come to be.
 * @throws EngineError FILE_CHANGED
 */
export function breakLeases(leases: readonly FileLock[], fileOf: (id: number) => LockedFile): void {
  for (const { type, fileId } of leases) {
    if ((type & leaseBreaking) === 0) continue;
    const { fd, name } = fileOf(fileId);
    const flags = (type & ~leaseBreaking) === lockTypes.UNLCK ? openFlag.O_WRONLY : 0;
    const opened = arena.scope(() =>
      trySyscall(
        'openat',
        -1,
        arena.cstring(`/proc/self/fd/${fd}`).address,
        flags | openFlag.O_NONBLOCK | openFlag.O_CLOEXEC,
      ),
    );
    if (opened >= 0) closeFd(opened);
    if (opened < 0 && errnoName(-opened) === 'EAGAIN') continue;
    throw new EngineError(
      'FILE_CHANGED',
      `${name}: its lease cannot be broken again (${opened < 0 ? errnoName(-opened) : 'nothing stands against it'})`,
      {
        resource: name,
        remedy: 'Put the file back as it was at the dump.',
      },
    );
  }
}
