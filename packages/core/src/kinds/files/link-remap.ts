import { randomInt } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EngineOptions } from '@criujs/engine-kit';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { AT_FDCWD } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import type { SaveContext } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import type { HeldFile, Problem } from './held.ts';
import { linkByHandle } from './link.ts';
import { nameOf } from './reachable.ts';
import { pathEntry } from './reg-entry.ts';
import { errorCode } from './seen.ts';

// A file that has lost the name it was opened by may have other names that cannot be found: give it one more, as CRIU does.

/** Builds the refusal of a file. */
export type MakeProblem = (why: string, remedy: string) => Problem;

/** The range of numbers in names: large enough that no two collide, since the undo removes files by name. */
const lastNumber = 2 ** 48 - 1;

/** Whether a dump gave this name, so that a restore may remove it. */
export function isGivenName(path: string): boolean {
  return /^link_remap\.\d+$/.test(basename(path));
}

/** Why a file cannot get a new name. */
export function linkProblem(
  { link, stat }: HeldFile,
  options: EngineOptions<'dump'>,
  problem: MakeProblem,
): Problem | null {
  const directory = dirname(nameOf(link));
  if (typeOf(stat.mode) === fileType.directory)
    return problem('the directory has lost the name it was opened by', 'Dump it from its mount namespace.');
  if (!options.linkRemap)
    return problem(
      'the name it was opened by is gone, and it has others, which cannot be found',
      `Let the dump give it a new name in ${directory}, which the restore removes: --link-remap (option \`linkRemap\`).`,
    );
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return problem(
      `it can get no new name in ${directory} (${errorCode(error)})`,
      'Put the directory back, or dump as a user who may write it.',
    );
  }
}

/**
 * Gives files a new name each, which stays when the dump is whole and goes when it fails.
 * @returns the ids of the entries of these names
 * @throws EngineError NOT_PERMITTED, KERNEL
 */
export function linkAgain(files: readonly HeldFile[], { hold, nextId, addFirst }: SaveContext): number[] {
  if (files.length === 0) return [];
  const links = files.map((file) => {
    const path = join(dirname(nameOf(file.link)), `link_remap.${randomInt(1, lastNumber)}`);
    return { file, path, id: nextId() };
  });
  const undo = links.map(({ path }) => ['unlinkat', AT_FDCWD, Buffer.from(`${path}\0`), 0] as const);
  hold({ what: 'new names of files that had lost theirs', undo, atCommit: 'kept' }, () => {
    for (const { file, path } of links) giveName(file, path);
  });
  for (const { file, path: link, id } of links)
    addFirst({ type: fileTypes.REG, id, reg: pathEntry(id, { ...file, link, flags: 0 }) });
  return links.map(({ id }) => id);
}

function giveName({ handle, link }: HeldFile, path: string): void {
  try {
    linkByHandle(handle, path);
  } catch (error) {
    throw refusedCall(
      errorCode(error),
      `${nameOf(link)}: it has lost its name and cannot get another (${errorCode(error)})`,
      {},
      error,
    );
  }
}
