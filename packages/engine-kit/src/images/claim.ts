import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errno, errnoName, trySyscall } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import type { Beside } from './beside.ts';
import { writeError } from './write-image.ts';

// A run claims its image directory by the lock of a file beside it: flock(2), which the kernel drops with the last
// descriptor of the open file, however its owner ends.

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** flock(2), sys/file.h */
const lockOf = { restore: 1, dump: 2 } as const;
const LOCK_NB = 4;

/** How often a lock file may vanish under our hands before we give up. */
const mostTries = 100;
/** The most that is read of a note. */
const noteBytes = 256;

/** Who else may have a claim at the same time: nobody, or other restores. */
export type ClaimKind = keyof typeof lockOf;

/**
 * Claims an image directory. The claim is the descriptor: whoever inherits it has the claim, too.
 * @throws EngineError IMAGES_BUSY; IMAGES_UNWRITABLE where no lock can be made
 */
export function claim(place: Beside, kind: ClaimKind): number {
  return openLocked(place, kind);
}

/**
 * Claims an image directory for a restore, where a lock can be made beside it.
 * @param kind `dump`: alone, if nobody else has a claim
 * @returns null: it goes on without a claim, as beside images that may only be read
 * @throws EngineError IMAGES_BUSY
 */
export function claimIfPossible(place: Beside, kind: ClaimKind): number | null {
  try {
    return openLocked(place, kind);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'IMAGES_BUSY') throw error;
    return null;
  }
}

/**
 * Lets other restores in. @throws EngineError IMAGES_BUSY when a dump came in between: changing a lock is not atomic, flock(2)
 */
export function shareClaim(place: Beside, fd: number): void {
  if (trySyscall('flock', fd, lockOf.restore | LOCK_NB) < 0) throw busy(place, holderOf(fd));
}

/**
 * Ends a claim and takes the lock file away, unless others still have it.
 * @param keep the note in it is still needed
 */
export function releaseClaim({ lock }: Beside, fd: number, keep: boolean): void {
  try {
    const last = trySyscall('flock', fd, lockOf.dump | LOCK_NB) === 0;
    if (last && !keep && isSame(fd, lock)) unlinkSync(lock);
  } catch {
    // A lock file that stays is no claim.
  } finally {
    closeSync(fd);
  }
}

/** What the last run noted, if it was killed. */
export function readNote(fd: number): string {
  const bytes = Buffer.alloc(noteBytes);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, noteBytes, 0));
}

/** Notes something for the next run, in case that this one is killed. Only a claim of our own allows it. */
export function writeNote(fd: number, text: string): void {
  ftruncateSync(fd, 0);
  writeSync(fd, text, 0);
}

/** Opens and locks the file; again if its last owner took it away in between. */
function openLocked(place: Beside, kind: ClaimKind): number {
  for (let tries = 0; tries < mostTries; tries++) {
    const fd = openLock(place);
    if (fd === null) continue;
    const result = trySyscall('flock', fd, lockOf[kind] | LOCK_NB);
    if (result === 0 && isSame(fd, place.lock)) return fd;
    const holder = result === -errno.EAGAIN ? holderOf(fd) : null;
    closeSync(fd);
    if (result === -errno.EAGAIN) throw busy(place, holder);
    if (result < 0) throw noLock(place, errnoName(-result));
  }
  throw busy(place, null);
}

/** null: it came or went between two looks. */
function openLock(place: Beside): number | null {
  const { lock } = place;
  const open = (more: number): number => openSync(lock, O_RDWR | O_NOFOLLOW | O_NONBLOCK | more, 0o600);
  const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
  let fd: number;
  try {
    fd = open(0);
  } catch (error) {
    if (code(error) === 'ELOOP' || code(error) === 'EISDIR') throw inTheWay(lock);
    if (code(error) !== 'ENOENT') throw parentError(error, place);
    try {
      // O_EXCL: in a directory like /tmp the kernel would refuse another user's file. fs.protected_regular, proc_sys_fs(5)
      fd = open(O_CREAT | O_EXCL);
    } catch (second) {
      if (code(second) === 'EEXIST') return null;
      throw parentError(second, place);
    }
  }
  const stat = fstatSync(fd);
  // With a second name it may be a file of ours that somebody else wants to be overwritten.
  if (stat.isFile() && stat.nlink <= 1) return fd;
  closeSync(fd);
  throw inTheWay(lock);
}

function isSame(fd: number, path: string): boolean {
  const [ours, now] = [fstatSync(fd, { bigint: true }), lstatSync(path, { bigint: true, throwIfNoEntry: false })];
  return now !== undefined && ours.ino === now.ino && ours.dev === now.dev;
}

/** Who holds the lock, as /proc/locks tells: `1: FLOCK ADVISORY WRITE 4242 fe:00:131 0 EOF`. null: nobody that is seen here. */
function holderOf(fd: number): number | null {
  try {
    const { ino } = fstatSync(fd, { bigint: true });
    const line = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .find((it) => it.includes(' FLOCK ') && it.includes(`:${ino} `));
    const pid = Number(/ (\d+) [0-9a-f]+:[0-9a-f]+:\d+ /.exec(line ?? '')?.[1]);
    return pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function busy({ directory }: Beside, holder: number | null): EngineError {
  const who = holder === null ? 'another run' : `another run (process ${holder})`;
  return new EngineError('IMAGES_BUSY', `${directory} is in use by ${who}`, {
    remedy: 'Wait until that run ends, or choose another directory.',
    resource: directory,
  });
}

function parentError(thrown: unknown, { directory, parent, lock }: Beside): EngineError {
  const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere(lock)) {
    return new EngineError('IMAGES_UNWRITABLE', `cannot open the lock ${lock}: it belongs to another user`, {
      remedy: 'Wait until that run ends, or have the owner remove the file.',
      resource: lock,
      cause: thrown,
    });
  }
  const { code, message } = writeError(thrown, parent);
  const keepsNone = (thrown as NodeJS.ErrnoException).code === 'ENOENT' && isThere(parent);
  const instead = isThere(directory) ? `use a folder inside ${directory}` : 'choose another image directory';
  return new EngineError(code, keepsNone ? `cannot write ${parent}: its file system cannot store files` : message, {
    remedy: `A dump is written beside its directory and then swapped in: allow writing to ${parent}, or ${instead}.`,
    resource: parent,
    cause: thrown,
  });
}

function inTheWay(lock: string): EngineError {
  return new EngineError('IMAGES_UNWRITABLE', `${lock} is in the way: it should be the lock file of runs`, {
    remedy: 'Remove it.',
    resource: lock,
  });
}

function noLock({ parent }: Beside, why: string): EngineError {
  return new EngineError('IMAGES_UNWRITABLE', `cannot lock a file in ${parent}: ${why}`, {
    remedy: 'Choose an image directory on a local file system.',
    resource: parent,
  });
}
