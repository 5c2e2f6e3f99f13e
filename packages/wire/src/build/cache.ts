import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { openFolderInWords, whoElseMayChange } from '@criujs/linux';
import { WireError } from '../errors.ts';

/** S_IWGRP and S_IWOTH. inode(7) */
const othersWrite = 0o022;

/** Why a folder is not used. */
type Unsafe = { readonly why: string };

/**
 * Gives the folder where builds are kept, and makes it. What lies in it is loaded, perhaps by root: so it is never one that
 * another user could have filled. Of `XDG_CACHE_HOME`, `HOME` and the home of the effective user in passwd(5), the first is taken
 * that nobody else owns or may write, itself or a folder above; under sudo, `HOME` may be the caller's.
 * @param home of the effective user; default: as passwd(5) has it
 * @returns a path without symbolic links
 * @throws WireError NATIVE_CACHE_UNSAFE: there is none
 */
export function defaultCache(env: NodeJS.ProcessEnv, home: () => string = homeOfUser): string {
  const { XDG_CACHE_HOME: own = '', HOME: given = '' } = env;
  const bases = [own, given === '' ? '' : join(given, '.cache'), join(home(), '.cache')].filter(isAbsolute);
  const wrong: string[] = [];
  for (const base of new Set(bases)) {
    const made = makeIn(base);
    if (typeof made === 'string') return made;
    wrong.push(made.why);
  }
  throw unsafe(wrong.length === 0 ? 'no home is known' : wrong.join('; '));
}

/** Makes sure that nobody but this user owns or may write a file or folder. @throws WireError NATIVE_CACHE_UNSAFE */
export function checkPrivate(path: string): void {
  const { uid, mode } = lstatSync(path);
  if (uid === process.geteuid?.() && (mode & othersWrite) === 0) return;
  throw unsafe(`${path} belongs to user ${uid}, or others may write to it`);
}

/** Makes a folder that the caller has named. @throws WireError NATIVE_CACHE_UNSAFE */
export function makePrivate(folder: string): void {
  makeFolders(folder);
  checkPrivate(folder);
}

/** Looks before anything is made: what is made in a folder of another user would be theirs to move away. */
function makeIn(base: string): string | Unsafe {
  try {
    const before = whoElse(base);
    if (before !== null) return before;
    makeFolders(join(base, 'criujs', 'native'));
    // From here on links play no part: what they point to may change.
    const folder = realpathSync(join(base, 'criujs', 'native'));
    const after = whoElse(folder);
    if (after !== null) return after;
    checkPrivate(folder);
    return folder;
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

/** One by one: where nothing can be made, as in /proc, Node's `recursive` tries for ever. */
function makeFolders(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another build made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function whoElse(path: string): Unsafe | null {
  const found = whoElseMayChange(path);
  return found === null ? null : { why: openFolderInWords(found) };
}

/** Empty: the user is not in passwd(5), as some of containers. */
function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '';
  }
}

function unsafe(why: string): WireError {
  return new WireError('NATIVE_CACHE_UNSAFE', `what is built has no safe place: ${why}`, {
    remedy: 'Set XDG_CACHE_HOME to a folder that only you may write to, as each one above it (for root: /root/.cache).',
  });
}
