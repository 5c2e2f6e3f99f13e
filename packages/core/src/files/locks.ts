import { lockKinds } from '../facts/file-locks.ts';
import { disown } from '../kinds/files/owner.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import { breakLeases, type FileLock, type LockedFile, lockCalls, takeLocks } from './lock-restore.ts';

/** What the locks of a tree need of its files. */
export interface LockedFiles {
  /** The engine's own descriptor of a file, its flags, and its name in words. */
  fileOf(id: number): LockedFile;
  /** Has the signals of a file go to its owner again. */
  restoreOwner(id: number): void;
}

/** The locks of the images while a tree is restored. */
export interface TreeLocks {
  /** Before any process is made. @throws EngineError FILE_CHANGED when another program holds one */
  take(): void;
  /** Calls for a process, by its pid in the images, when its descriptors are in place. */
  calls(pid: number): TaskCall[];
  /** What has to follow these calls. @throws EngineError FILE_CHANGED */
  settle(pid: number): void;
}

export function treeLocks(locks: readonly FileLock[], { fileOf, restoreOwner }: LockedFiles): TreeLocks {
  const of = (pid: number): FileLock[] => locks.filter((lock) => lock.pid === pid);
  return {
    take: () => takeLocks(locks, fileOf),
    calls: (pid) => lockCalls(of(pid), fileOf),
    settle(pid) {
      const leases = of(pid).filter(({ flag }) => flag === lockKinds.LEASE);
      // Whoever takes a lease becomes the owner where there is none, and has been told already that it is being broken.
      for (const { fileId } of leases) disown(fileOf(fileId).fd);
      breakLeases(leases, fileOf);
      for (const { fileId } of leases) restoreOwner(fileId);
    },
  };
}
