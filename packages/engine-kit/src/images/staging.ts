import {
  accessSync,
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { syscall } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import type { Beside } from './beside.ts';
import { readNote, writeNote } from './claim.ts';
import { removeImages } from './directory.ts';
import { changeFolder, tryOwner } from './folder-owner.ts';
import { makeDirectories } from './resolve-directory.ts';
import { writeError } from './write-image.ts';

// The folder that a dump is written into. What lies there after a run that was killed is either a dump that was never committed,
// or the old images of one that was: the note in the lock file has the inode of the former.

/**
 * Makes the folder that a dump is written into. Until the commit it belongs to nobody but us, whoever owns the directory that it will
 * replace: nobody else can put a link into it.
 * @returns which one it is, as the lock file notes it
 * @throws EngineError IMAGES_UNWRITABLE, IMAGES_FULL
 */
export function makeStaging({ directory, staging, parent }: Beside, claim: number): string {
  const old = statOf(directory);
  let identity: string;
  try {
    mkdirSync(staging, { mode: 0o700 });
    identity = noteOf(lstatSync(staging, { bigint: true }));
    writeNote(claim, identity);
    // What the umask took away.
    changeFolder(staging, (it) => chmodSync(it, 0o700));
    accessSync(staging, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw writeError(error, parent);
  }
  const made = lstatSync(staging, { bigint: true });
  if (old === undefined || (made.uid === old.uid && made.gid === old.gid)) return identity;
  try {
    tryOwner(join(staging, 'owner'), old);
    return identity;
  } catch (cause) {
    rmdirSync(staging);
    throw new EngineError('IMAGES_UNWRITABLE', `${directory} belongs to user ${old.uid} and group ${old.gid}`, {
      remedy:
        'A dump replaces the directory and keeps its owner: dump as that user or root, or give another directory.',
      resource: directory,
      cause,
    });
  }
}

/**
 * Clears away what a run that was killed has left beside the directory: a dump that was never committed goes; of old images,
 * which
 * a committed one replaced, files of the user are put back first. Needs a claim of our own.
 * @throws EngineError IMAGES_UNWRITABLE when it cannot be cleared
 */
export function clearLeftover(place: Beside, claim: number): void {
  const left = statOf(place.staging);
  if (left === undefined) return;
  const owners = [BigInt(process.geteuid?.() ?? 0), statOf(place.directory)?.uid];
  if (!left.isDirectory() || !owners.includes(left.uid)) throw inTheWay(place.staging);
  try {
    if (readNote(claim) === noteOf(left)) rmSync(place.staging, { recursive: true });
    else dissolve(place);
  } catch (error) {
    throw writeError(error, place.staging);
  }
}

/**
 * Ends the old images, which lie in the staging folder after the swap: whatever else there is moves on into the directory.
 * A file that the new dump has, too, is replaced by that one. The new images are on the disk before the old ones go: only here,
 * since nobody is frozen any more.
 * @returns paths of what had to get another name, because the new dump has its own
 */
export function dissolve({ directory, staging }: Beside): string[] {
  if (statOf(staging) === undefined) return [];
  syncFileSystem(directory);
  removeImages(staging);
  const renamed = moveAll(staging, directory, readdirSync(staging), 'new');
  rmdirSync(staging);
  return renamed;
}

/**
 * After a failed dump: removes the staging folder. What is no image, such as a log, moves to the directory, where people look for
 * it.
 * Never throws: what cannot be removed is left to the next run.
 */
export function discardStaging({ directory, staging }: Beside, identity: string): void {
  try {
    // The old images: it was swapped, whatever else is known.
    if (!isStaging(staging, identity)) return;
    removeImages(staging);
    // A leading dot: sockets and drafts.
    const kept = readdirSync(staging).filter((name) => !name.startsWith('.'));
    if (kept.length > 0) moveAll(staging, directory, kept, 'moved');
  } catch {
    // The error of the dump is what counts.
  }
  try {
    rmSync(staging, { recursive: true, force: true });
  } catch {
    // Said above.
  }
}

/** @param wins of two files with one name: the one that moves, or the one that is there */
function moveAll(from: string, to: string, names: readonly string[], wins: 'moved' | 'new'): string[] {
  if (names.length > 0) makeDirectories(to);
  const renamed: string[] = [];
  for (const name of names) {
    const [source, target] = [join(from, name), join(to, name)];
    const [moving, there] = [statOf(source), statOf(target)];
    const clash = there !== undefined && (there.isDirectory() || moving?.isDirectory() === true);
    if (clash) renamed.push(freeName(target));
    if (there !== undefined && !clash && wins === 'new') rmSync(source);
    else renameSync(source, clash ? (renamed.at(-1) as string) : target);
  }
  return renamed;
}

function freeName(path: string): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? `${path}.old` : `${path}.old-${count}`;
    if (statOf(name) === undefined) return name;
  }
}

/** Whether the folder of a dump lies there. */
export function isStaging(path: string, identity: string): boolean {
  const stat = statOf(path);
  return stat !== undefined && noteOf(stat) === identity;
}

function noteOf({ dev, ino }: BigIntStats): string {
  return `staging ${dev} ${ino}\n`;
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function inTheWay(path: string): EngineError {
  return new EngineError('IMAGES_UNWRITABLE', `${path} is in the way, but no dump of this user left it there`, {
    remedy: 'Find out who owns it, and remove it.',
    resource: path,
  });
}

/** One call for all files: with many of them much faster than fsync(2) of each. */
function syncFileSystem(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    syscall('syncfs', fd);
  } finally {
    closeSync(fd);
  }
}
