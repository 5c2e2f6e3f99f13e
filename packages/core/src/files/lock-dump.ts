import type { EntryInit } from '@criujs/images';
import { syscall } from '@criujs/linux';
import { leaseBreaking, lockCommands, lockKinds, lockTypes } from '../facts/file-locks.ts';
import type { Holder, SeenFile, Tree } from '../kinds/files/held.ts';
import { parseLock, type SeenLock } from '../kinds/files/lock-lines.ts';
import type { ImageWriter } from '../kinds/files/side-images.ts';
import type { Description } from './same.ts';

/** Where CRIU keeps locks of files. */
export const locksImage = 'filelocks.img';

/**
 * Writes the locks and leases of a tree that stands still. One that belongs to an open file is there once, however many processes have that;
 * one that belongs to a process (POSIX) is shown with the open file by which it was taken.
 */
export function writeLocks(
  files: readonly Description[],
  seen: readonly SeenFile[],
  { tree, images }: { readonly tree: Tree; readonly images: ImageWriter },
): void {
  if (seen.every(({ info }) => info.locks.length === 0)) return;
  const at = new Map(seen.map((file) => [`${file.pid} ${file.fd}`, file]));
  const entries = files.flatMap(({ seen: first, holders }) => {
    const shared = locksOf(first, (kind) => kind !== 'POSIX').map((lock) =>
      entryOf(holders.find(({ pid }) => pid === lock.owner) ?? first, lock, tree),
    );
    const own = firstOfEach(holders).flatMap((holder) =>
      locksOf(at.get(`${holder.pid} ${holder.fd}`), (kind) => kind === 'POSIX').map((lock) =>
        entryOf(holder, lock, tree),
      ),
    );
    return [...shared, ...own];
  });
  if (entries.length === 0) return;
  images.write(
    'FILE_LOCKS',
    locksImage,
    entries.map((message) => ({ message })),
  );
}

function locksOf(file: SeenFile | undefined, wanted: (kind: SeenLock['kind']) => boolean): SeenLock[] {
  return (file?.info.locks ?? []).flatMap((line) => {
    const lock = parseLock(line);
    return lock !== null && wanted(lock.kind) ? [lock] : [];
  });
}

/** The first descriptor of each process. */
function firstOfEach(holders: readonly Holder[]): Holder[] {
  return [...new Map([...holders].reverse().map((holder) => [holder.pid, holder])).values()];
}

function entryOf(
  holder: Holder,
  { kind, type, breaking, start, length }: SeenLock,
  tree: Tree,
): EntryInit<'FILE_LOCKS'> {
  // Some kernels show what a lease is that is being broken, and not what it is to become. fcntl(2), F_GETLEASE
  const lockType = breaking
    ? tree.borrow(holder, (fd) => syscall('fcntl', fd, lockCommands.getLease)) | leaseBreaking
    : lockTypes[type];
  return { flag: lockKinds[kind], type: lockType, pid: holder.pid, fd: holder.fd, start, len: length };
}
