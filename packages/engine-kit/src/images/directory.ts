import { accessSync, constants, existsSync, lstatSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../errors/errors.ts';
import { inventoryName, isImageName, sectionsDirectory } from './image-names.ts';
import { writeError } from './write-image.ts';

// An image directory: what may be in it before a run.

const { R_OK, W_OK, X_OK } = constants;

/**
 * Checks, under the claim, that a dump may take the directory's place; changes nothing.
 * @throws EngineError IMAGES_EXIST, IMAGES_UNWRITABLE
 */
export function checkForDump(directory: string, force: boolean): void {
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return;
  try {
    if (!statSync(directory).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    accessSync(directory, R_OK | W_OK | X_OK);
  } catch (error) {
    throw writeError(error, directory);
  }
  if (force || !existsSync(join(directory, inventoryName))) return;
  throw new EngineError('IMAGES_EXIST', `${directory} holds a dump already`, {
    remedy: 'Choose another directory, or replace the old dump with --force (option `force`).',
    resource: directory,
  });
}

/** Checks that there is a complete dump to restore, and gives the names of its images. @throws EngineError IMAGES_INCOMPLETE, NOT_PERMITTED */
export function prepareForRestore(directory: string): string[] {
  const names = listForRestore(directory);
  if (names.includes(inventoryName)) return names.filter(isImageName);
  const half = names.some(isImageName);
  throw new EngineError(
    'IMAGES_INCOMPLETE',
    half
      ? `${directory} holds an incomplete dump: there are images, but no ${inventoryName}`
      : `${directory} holds no dump: there is no ${inventoryName}`,
    {
      remedy: half
        ? 'Dump again: the process was left running when that dump failed.'
        : 'Give the directory that the dump wrote.',
      resource: directory,
    },
  );
}

/** Why nothing can be in a directory, by the error of reading it. */
const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  ENOTDIR: 'it is not a directory',
  ELOOP: 'a symbolic link in the path leads to itself',
  ENAMETOOLONG: 'the path is too long',
};

function listForRestore(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const denied = ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (denied) {
      throw new EngineError('NOT_PERMITTED', `cannot read ${directory}: permission is denied`, {
        remedy: 'Restore as the user who made the dump, or as root.',
        resource: directory,
        cause: error,
      });
    }
    const why = unreadable[(error as NodeJS.ErrnoException).code ?? ''];
    // What is left has nothing to do with the directory: a limit of open files, a disk that fails.
    if (why === undefined) throw error;
    throw new EngineError('IMAGES_INCOMPLETE', `${directory} holds no dump: ${why}`, {
      remedy: 'Give the directory that the dump wrote.',
      resource: directory,
      cause: error,
    });
  }
}

/** Removes images, the inventory first, so that what is left is never taken for a whole dump. Anything else stays. */
export function removeImages(directory: string): void {
  const names = readdirSync(directory).filter(isImageName);
  for (const name of names.sort((a, b) => Number(b === inventoryName) - Number(a === inventoryName))) {
    const path = join(directory, name);
    if (!lstatSync(path).isDirectory()) unlinkSync(path);
  }
  const sections = join(directory, sectionsDirectory);
  if (!existsSync(sections) || !lstatSync(sections).isDirectory()) return;
  removeSecondNames(directory, sections);
  rmSync(sections, { recursive: true });
}

/** Files of compiled plugins have a second name where CRIU would have let them be written: a hard link, and so the same inode. */
function removeSecondNames(directory: string, sections: string): void {
  for (const plugin of readdirSync(sections, { withFileTypes: true })) {
    if (!plugin.isDirectory()) continue;
    for (const name of readdirSync(join(sections, plugin.name))) {
      const [first, second] = [join(sections, plugin.name, name), join(directory, name)].map((path) =>
        lstatSync(path, { bigint: true, throwIfNoEntry: false }),
      );
      if (second?.isFile() && second.ino === first?.ino && second.dev === first.dev) unlinkSync(join(directory, name));
    }
  }
}
