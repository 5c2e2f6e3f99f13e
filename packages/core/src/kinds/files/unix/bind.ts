import { renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { AT_FDCWD, addressOf, LinuxError, socketAddress } from '@criujs/linux';
import { openFlag } from '../flags.ts';
import type { LatePlace } from '../opening.ts';
import { permissionBits } from '../stat.ts';
import type { UnixEntry } from './entry.ts';
import { bindAbstract, explaining, privateRoot, refuseTaken } from './paths.ts';

/** Where something can be connected to: a number of the place at which the file of a path is open, or an abstract name. */
export type Destination =
  | { readonly by: 'file'; readonly number: number }
  | { readonly by: 'name'; readonly address: Uint8Array };

/** A socket that is to be named, and the number that it has in the place. */
export interface Unnamed {
  readonly own: UnixEntry;
  readonly number: number;
}

/** Gives sockets their names in one restore. */
export interface Binder {
  /** A name that others find. @throws EngineError FILE_CHANGED where it is another file's, FILE_MISSING without its directory */
  bind(socket: Unnamed): Destination;
  /**
   * A name that nobody finds: the file of its path is gone at once. Where this user may not do so (CAP_SYS_CHROOT) the path must be free.
   * @param movedTo the name that its file gets; null: none
   */
  bindHidden(socket: Unnamed, movedTo: string | null): Destination;
  /** Whether a name can be given while another socket has it: its path leads elsewhere then (CAP_SYS_CHROOT). */
  canHide(own: UnixEntry): boolean;
  /** Forgets where the files are. */
  close(): void;
}

/** The bytes of the name of an entry as `UnixSocket` has them. */
export function addressIn({ name }: Pick<UnixEntry, 'name'>): Uint8Array {
  return addressOf(name);
}

export function isPath(address: Uint8Array): boolean {
  return address.length > 0 && address[0] !== 0;
}

export function createBinder(place: LatePlace): Binder {
  const open: number[] = [];
  const here = place.call;

  function bindAt(number: number, name: Uint8Array): void {
    const address = socketAddress(name);
    here('bind', [number, address, address.length]);
  }

  function fileAt(path: string): Destination {
    const number = place.open(path, openFlag.O_PATH | openFlag.O_NOFOLLOW | openFlag.O_CLOEXEC);
    open.push(number);
    return { by: 'file', number };
  }

  /** Does something in a directory, or with another root, and comes back. */
  function inside<T>(call: 'chdir' | 'chroot', directory: string, work: () => T): T {
    const back = place.open('/', openFlag.O_PATH | openFlag.O_CLOEXEC);
    try {
      here(call, [zeroEnded(directory)]);
      try {
        return work();
      } finally {
        here('fchdir', [back]);
        if (call === 'chroot') here('chroot', [zeroEnded('.')]);
      }
    } finally {
      here('close', [back]);
    }
  }

  let mayChangeRoot: boolean | undefined;
  function canHide(own: UnixEntry): boolean {
    const name = addressIn(own);
    if (!isPath(name)) return false;
    if (!isAbsolute(Buffer.from(name).toString())) return true;
    mayChangeRoot ??= isPermitted(() => here('chroot', [zeroEnded('/')]));
    return mayChangeRoot;
  }

  /** The file of a name, in a directory that is gone afterwards. */
  function inPrivate(name: string, movedTo: string | null, bind: () => void): Destination {
    const { root, start } = privateRoot(name, movedTo === null ? tmpdir() : dirname(movedTo));
    try {
      const found = inside(isAbsolute(name) ? 'chroot' : 'chdir', start, () => {
        bind();
        return fileAt(name);
      });
      if (movedTo !== null) renameSync(join(start, name), movedTo);
      return found;
    } finally {
      rmSync(root, { recursive: true });
    }
  }

  function inPublic(name: string, movedTo: string | null, { own, number }: Unnamed): Destination {
    refuseTaken(name, own);
    explaining(name, own, () => bindAt(number, addressIn(own)));
    const found = fileAt(name);
    if (movedTo === null) here('unlinkat', [AT_FDCWD, zeroEnded(name), 0]);
    else renameSync(name, movedTo);
    return found;
  }

  return {
    bind({ own, number }) {
      const name = addressIn(own);
      if (!isPath(name)) {
        bindAbstract(() => bindAt(number, name), own);
        return { by: 'name', address: name };
      }
      const path = pathOf(own);
      refuseTaken(path, own);
      return place.hold(
        { what: `the name ${path}`, undo: [['unlinkat', AT_FDCWD, zeroEnded(path), 0]], atCommit: 'kept' },
        () => {
          explaining(path, own, () => inside('chdir', own.nameDir || '/', () => bindAt(number, name)));
          const { filePerms } = own;
          if (filePerms !== undefined) {
            here('fchownat', [AT_FDCWD, zeroEnded(path), filePerms.uid, filePerms.gid, 0]);
            here('fchmodat', [AT_FDCWD, zeroEnded(path), filePerms.mode & permissionBits]);
          }
          return fileAt(path);
        },
      );
    },
    bindHidden({ own, number }, movedTo) {
      const name = addressIn(own);
      if (!isPath(name)) {
        bindAbstract(() => bindAt(number, name), own);
        return { by: 'name', address: name };
      }
      const text = Buffer.from(name).toString();
      if (movedTo !== null) refuseTaken(movedTo, own);
      return canHide(own)
        ? inPrivate(text, movedTo, () => bindAt(number, name))
        : inPublic(text, movedTo, { own, number });
    },
    canHide,
    close() {
      for (const number of open.splice(0)) place.call('close', [number]);
    },
  };
}

function isPermitted(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'EPERM') return false;
    throw error;
  }
}

function pathOf(own: UnixEntry): string {
  return join(own.nameDir || '/', Buffer.from(addressIn(own)).toString());
}

function zeroEnded(path: string): Buffer {
  return Buffer.from(`${path}\0`);
}
