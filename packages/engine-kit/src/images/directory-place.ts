import { lstatSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Beside, beside } from './beside.ts';
import { claim, claimIfPossible, releaseClaim, shareClaim } from './claim.ts';
import { checkForDump, prepareForRestore } from './directory.ts';
import { refuseMountPoint } from './mount-points.ts';
import { ownerOfImages } from './owner.ts';
import { makeDirectories, realDirectory } from './resolve-directory.ts';
import { clearLeftover, discardStaging, makeStaging } from './staging.ts';
import { checkExchange } from './swap.ts';

/** An image directory that a run has claimed: plain data, for both threads. */
export interface DirectoryPlace extends Beside {
  readonly stage: 'dump' | 'restore';
  /** The descriptor that is the claim; null: a restore that could make no lock. */
  readonly claim: number | null;
  /** Which folder the dump is written into; empty at a restore. */
  readonly identity: string;
  /** The topmost directory above it that was made; null: all were there. */
  readonly made: string | null;
  /** Who owns the images that are restored; null: nobody asks, as at a dump. */
  readonly owner: number | null;
  /** Whether it is there, and the current directory of this process. */
  readonly isCurrent: boolean;
}

/**
 * Claims a directory for a dump and makes the folder that it is written into.
 * @throws EngineError IMAGES_BUSY, IMAGES_EXIST, IMAGES_UNWRITABLE, IMAGES_FULL; nothing is left then
 */
export function openForDump(path: string, force: boolean): DirectoryPlace {
  const place = beside(realDirectory(path));
  refuseMountPoint(place.directory);
  const { made, fd } = claimWithParents(place);
  const begun = {
    ...place,
    stage: 'dump',
    claim: fd,
    made,
    identity: '',
    owner: null,
    isCurrent: isCurrent(place.directory),
  } as const;
  try {
    clearLeftover(place, fd);
    checkForDump(place.directory, force);
    const opened = { ...begun, identity: makeStaging(place, fd) };
    try {
      checkExchange(place);
      return opened;
    } catch (error) {
      discardStaging(place, opened.identity);
      throw error;
    }
  } catch (error) {
    closePlace(begun, false);
    throw error;
  }
}

/**
 * Claims a directory for a restore, together with other restores.
 * @param trust use the images whoever wrote them
 * @throws EngineError IMAGES_BUSY, IMAGES_INCOMPLETE, IMAGES_UNTRUSTED, NOT_PERMITTED
 */
export function openForRestore(path: string, trust = false): DirectoryPlace {
  const place = beside(realOrSame(path));
  const fd = claimForRestore(place);
  const opened = {
    ...place,
    stage: 'restore',
    claim: fd,
    made: null,
    identity: '',
    owner: null,
    isCurrent: false,
  } as const;
  try {
    const names = prepareForRestore(place.directory);
    return trust ? opened : { ...opened, owner: ownerOfImages(place.directory, names) };
  } catch (error) {
    closePlace(opened, false);
    throw error;
  }
}

/** Ends the run's claim. A dump that was not committed leaves nothing but logs. Never throws. */
export function closePlace(place: DirectoryPlace, committed: boolean): void {
  const failed = place.stage === 'dump' && !committed;
  if (failed) discardStaging(place, place.identity);
  if (place.claim !== null) releaseClaim(place, place.claim, exists(place.staging));
  if (failed && place.made !== null) removeMade(place.parent, place.made);
}

/** Somebody whose dump fails may take away what he has made above the directory, before we have a lock in it. */
function claimWithParents(place: Beside): { made: string | null; fd: number } {
  for (let tries = 0; ; tries++) {
    const made = makeDirectories(place.parent);
    try {
      return { made, fd: claim(place, 'dump') };
    } catch (error) {
      if (made !== null) removeMade(place.parent, made);
      if (tries === 10 || exists(place.parent)) throw error;
    }
  }
}

/** With old images of a killed dump beside it, it first asks for a claim of its own, to put things right. */
function claimForRestore(place: Beside): number | null {
  if (!exists(place.directory)) return null;
  if (!exists(place.staging)) return claimIfPossible(place, 'restore');
  const fd = claimAlone(place);
  if (fd === null) return claimIfPossible(place, 'restore');
  try {
    clearLeftover(place, fd);
  } catch {
    // The images themselves are whole: the next dump says what is wrong beside them.
  }
  try {
    shareClaim(place, fd);
    return fd;
  } catch (error) {
    releaseClaim(place, fd, true);
    throw error;
  }
}

function claimAlone(place: Beside): number | null {
  try {
    return claimIfPossible(place, 'dump');
  } catch {
    return null;
  }
}

/** What is wrong with a path is told when it is read. */
function realOrSame(path: string): string {
  try {
    return realDirectory(path);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isCurrent(directory: string): boolean {
  try {
    const [here, there] = [statSync('.'), statSync(directory)];
    return here.ino === there.ino && here.dev === there.dev;
  } catch {
    return false;
  }
}

function removeMade(parent: string, made: string): void {
  try {
    for (let path = parent; ; path = dirname(path)) {
      rmdirSync(path);
      if (path === made) return;
    }
  } catch {
    // Somebody else keeps a directory alive.
  }
}
