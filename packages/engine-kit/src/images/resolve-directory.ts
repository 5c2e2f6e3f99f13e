import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { EngineError } from '../errors/errors.ts';
import { writeError } from './write-image.ts';

/**
 * Makes a path absolute.
 * @param cwd default: this process's working directory
 * @throws EngineError BAD_OPTION when that one was removed
 */
export function absolutePath(path: string, cwd: string | undefined): string {
  if (isAbsolute(path)) return resolve(path);
  return cwd !== undefined && isAbsolute(cwd) ? resolve(cwd, path) : resolve(currentDirectory(path), cwd ?? '.', path);
}

function currentDirectory(path: string): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new EngineError('BAD_OPTION', `${path} is relative to the current directory, which was removed`, {
      remedy: 'Change to a directory that exists, or give an absolute path.',
      resource: path,
      cause,
    });
  }
}

/**
 * Follows all symbolic links of a path whose end may be missing: two names of one directory become the same.
 * @throws EngineError IMAGES_UNWRITABLE for a path that no directory can have
 */
export function realDirectory(path: string): string {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    try {
      return join(realpathSync.native(at), ...missing);
    } catch (error) {
      if (!isMissing(error) || at === dirname(at)) throw writeError(error, path);
      // It is there, and leads nowhere.
      if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) throw deadLink(at, error);
      missing.unshift(basename(at));
    }
  }
}

/**
 * Makes a directory and what is missing above it, each 0700. One call for each missing part: on /proc and the like, where
 * nothing can be made, `recursive` of Node never ends.
 * @returns the topmost directory that was made, null when all were there
 */
export function makeDirectories(path: string): string | null {
  const missing: string[] = [];
  for (let at = path; lstatSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) missing.unshift(at);
  let made: string | null = null;
  for (const it of missing) {
    try {
      mkdirSync(it, { mode: 0o700 });
      made ??= it;
    } catch (error) {
      // Somebody else was faster.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw isMissing(error) && lstatSync(dirname(it), { throwIfNoEntry: false }) !== undefined
        ? noFolders(it, error)
        : writeError(error, it);
    }
  }
  return made;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function deadLink(path: string, cause: unknown): EngineError {
  return new EngineError('IMAGES_UNWRITABLE', `cannot write ${path}: it is a symbolic link that leads nowhere`, {
    remedy: 'Remove the link, or give the directory that it should lead to.',
    resource: path,
    cause,
  });
}

function noFolders(path: string, cause: unknown): EngineError {
  return new EngineError('IMAGES_UNWRITABLE', `cannot write ${path}: its file system cannot create directories`, {
    remedy: 'Choose an image directory on a file system that keeps files.',
    resource: path,
    cause,
  });
}
