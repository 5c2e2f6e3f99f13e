import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD, arena, errnoName, trySyscall } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import type { Beside } from './beside.ts';
import { takePlaceOf } from './folder-owner.ts';
import { writeError } from './write-image.ts';

// The commit of a dump in a directory: one rename puts the staging folder in the directory's place.

/** rename(2), linux/fs.h */
const RENAME_EXCHANGE = 2;

/** One call of renameat2(2). Paths are absolute. */
export interface Swap {
  readonly from: string;
  readonly to: string;
  /** 0 puts it in the place of nothing or of an empty directory; RENAME_EXCHANGE keeps what was there under the other name. */
  readonly flags: number;
}

/** A swap, and what undoing it needs. */
export interface PreparedSwap extends Swap {
  /** An empty directory is there, which ends with the swap. */
  readonly overEmpty: boolean;
}

/**
 * Gives the call that swaps in what was written. Only that is missing then.
 * @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE
 */
export function prepareSwap(place: Beside): PreparedSwap {
  const { directory, staging } = place;
  try {
    takePlaceOf(place);
    const empty = isEmpty(directory);
    return {
      from: staging,
      to: directory,
      flags: empty ? 0 : RENAME_EXCHANGE,
      overEmpty: empty && existsSync(directory),
    };
  } catch (error) {
    throw writeError(error, directory);
  }
}

/** Makes the call from here. @throws EngineError IMAGES_UNWRITABLE */
export function swap(it: Swap): void {
  const refused = trySwap(it);
  if (refused !== null) throw swapError(it.to, refused);
}

/**
 * Checks, before anything is frozen, that the file system can exchange directories, if that will be needed.
 * @throws EngineError IMAGES_UNWRITABLE
 */
export function checkExchange({ directory, staging }: Beside): void {
  const [from, to] = [join(staging, 'a'), join(staging, 'b')];
  let refused: string | null;
  try {
    if (isEmpty(directory)) return;
    mkdirSync(from);
    mkdirSync(to);
    refused = trySwap({ from, to, flags: RENAME_EXCHANGE });
    for (const path of [from, to]) rmSync(path, { recursive: true });
  } catch (error) {
    throw writeError(error, directory);
  }
  if (refused !== null) throw swapError(directory, refused);
}

/** null: done; else the kernel's name of the error. */
function trySwap({ from, to, flags }: Swap): string | null {
  const result = arena.scope(() => {
    const [old, now] = [arena.cstring(from).address, arena.cstring(to).address];
    return trySyscall('renameat2', AT_FDCWD, old, AT_FDCWD, now, flags);
  });
  return result < 0 ? errnoName(-result) : null;
}

const otherPlace = 'Give a new directory, or an empty one.';

/** What the kernel refuses a swap with, rename(2). */
const refusals: Readonly<Record<string, { readonly why: string; readonly remedy: string }>> = {
  EBUSY: { why: 'it is a mount point, which cannot be swapped', remedy: 'Use a folder inside it.' },
  EXDEV: { why: 'its file system cannot move this directory', remedy: otherPlace },
  EINVAL: { why: 'its file system cannot exchange two directories', remedy: otherPlace },
  ENOSYS: { why: 'this kernel cannot exchange two directories', remedy: otherPlace },
  ENOTEMPTY: { why: 'something was put into it meanwhile', remedy: 'Dump again.' },
  EEXIST: { why: 'something was put into it meanwhile', remedy: 'Dump again.' },
  ENOENT: { why: 'it was removed meanwhile', remedy: 'Dump again.' },
};

/** The error for a swap that the kernel refused. */
export function swapError(directory: string, code: string): EngineError {
  const known = refusals[code];
  if (known === undefined) return writeError(Object.assign(new Error(code), { code }), directory);
  return new EngineError('IMAGES_UNWRITABLE', `the images cannot take the place of ${directory}: ${known.why}`, {
    remedy: known.remedy,
    resource: directory,
  });
}

/** A directory that is not there counts as empty. */
function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}
