import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { O_PATH } from '@criujs/linux';
import type { Beside } from './beside.ts';

// Owners and modes of folders that a run makes in a directory where somebody else may write.

/** Changes a folder by the path of a descriptor: whoever may write its parent could put a link in its place. */
export function changeFolder(path: string, change: (path: string) => void): void {
  const fd = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    change(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** Finds out before a dump whether a folder can be given away: on one that nothing is written into. @throws what the kernel says */
export function tryOwner(path: string, { uid, gid }: { readonly uid: bigint; readonly gid: bigint }): void {
  mkdirSync(path, { mode: 0o700 });
  try {
    changeFolder(path, (it) => chownSync(it, Number(uid), Number(gid)));
  } finally {
    rmdirSync(path);
  }
}

/** Makes an empty directory with owner and mode of another one. */
export function makeAlike(path: string, other: string): void {
  const { mode, uid, gid } = lstatSync(other);
  mkdirSync(path, { mode: 0o700 });
  changeFolder(path, (it) => {
    chownSync(it, uid, gid);
    chmodSync(it, mode & 0o7777);
  });
}

/** Gives the folder that becomes the directory what the directory had: its owner and mode. */
export function takePlaceOf({ directory, staging }: Beside): void {
  const old = lstatSync(directory, { throwIfNoEntry: false });
  if (old === undefined) return;
  changeFolder(staging, (it) => {
    const made = statSync(it);
    if (made.uid !== old.uid || made.gid !== old.gid) chownSync(it, old.uid, old.gid);
    chmodSync(it, old.mode & 0o7777);
  });
}
