import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { openFolderInWords, whoElseMayChange } from './who-may-write.ts';

/** S_IWGRP and S_IWOTH. inode(7) */
const othersWrite = 0o022;

/** A folder without symbolic links in its path, or why each that could be one is not. */
export type PrivateCache = { readonly folder: string } | { readonly why: readonly string[] };

/**
 * Gives a folder for code that is kept, and makes it. What lies in it is run, perhaps by root: so it is never one that another user
 * could have filled. Of `XDG_CACHE_HOME`, `HOME` and the home of the effective user in passwd(5), the first is taken that nobody
 * else owns or may write, itself or a folder above; under sudo, `HOME` may be the caller's.
 * @param part what is kept there: the folder is `criujs/PART` below
 * @param home of the effective user; default: as passwd(5) has it
 */
export function privateCache(part: string, env: NodeJS.ProcessEnv, home: () => string = homeOfUser): PrivateCache {
  const { XDG_CACHE_HOME: own = '', HOME: given = '' } = env;
  const why: string[] = [];
  const tried = new Set<string>();
  for (const base of [() => own, () => below(given), () => below(home())]) {
    const path = base();
    if (!isAbsolute(path) || tried.has(path)) continue;
    tried.add(path);
    const made = makeIn(path, part);
    if ('folder' in made) return made;
    why.push(...made.why);
  }
  return { why };
}

/** Whether nobody but this user owns or may write a file or folder; what a link points to does not count. */
export function isOwnAlone(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  return uid === process.geteuid?.() && (mode & othersWrite) === 0;
}

/** Makes a folder and those above. One by one: where nothing can be made, as in /proc, Node's `recursive` tries for ever. */
export function makeFolders(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function below(home: string): string {
  return home === '' ? '' : join(home, '.cache');
}

/** Looks before anything is made: what is made in a folder of another user would be theirs to move away. */
function makeIn(base: string, part: string): PrivateCache {
  try {
    const before = whoElseMayChange(base);
    if (before !== null) return { why: [openFolderInWords(before)] };
    makeFolders(join(base, 'criujs', part));
    // From here on links play no part: what they point to may change.
    const folder = realpathSync(join(base, 'criujs', part));
    const after = whoElseMayChange(folder);
    if (after !== null) return { why: [openFolderInWords(after)] };
    if (!isOwnAlone(folder)) return { why: [`${folder} belongs to another user, or others may write to it`] };
    return { folder };
  } catch (error) {
    return { why: [error instanceof Error ? error.message : String(error)] };
  }
}

/** Empty: the user is not in passwd(5), as some of containers. */
function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '';
  }
}
