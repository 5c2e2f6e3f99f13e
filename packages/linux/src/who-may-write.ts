import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** S_IWGRP, S_IWOTH, and S_ISVTX: who may write such a folder may not rename what others have in it. inode(7) */
const bits = { group: 0o020, others: 0o002, sticky: 0o1000 } as const;

/** A folder that somebody else may change, and what is below with it. */
export interface OpenFolder {
  readonly folder: string;
  readonly owner: number;
  /** Whether more than its owner may write it. */
  readonly isShared: boolean;
}

/** Why what lies in such a folder is nobody's in particular, in words. */
export function openFolderInWords({ folder, owner, isShared }: OpenFolder): string {
  return `${isShared ? 'others may write' : `user ${owner} owns`} the folder ${folder}`;
}

/**
 * Whether others than its owner may write a file or a folder. Where each user has a group of the same number, that group is the user.
 *
 * @param stat of the file itself, links followed
 */
export function othersMayWrite({ mode, uid, gid }: { mode: number; uid: number; gid: number }): boolean {
  return (mode & bits.others) !== 0 || ((mode & bits.group) !== 0 && gid !== uid);
}

/**
 * Finds the nearest folder, from this one up to the root, that somebody else owns or may write, other than one like `/tmp`, in
 * which nobody may rename what is not theirs. null: there is none, and what lies there is what those users put there.
 * @param folder without symbolic links (realpath)
 * @param isTrusted whether a user may own a folder
 */
export function openFolder(folder: string, isTrusted: (user: number) => boolean): OpenFolder | null {
  for (let at = folder; ; at = dirname(at)) {
    const stat = statSync(at);
    const isShared = othersMayWrite(stat) && (stat.mode & bits.sticky) === 0;
    if (isShared || !isTrusted(stat.uid)) return { folder: at, owner: stat.uid, isShared };
    if (at === dirname(at)) return null;
  }
}

/**
 * The same for this process: who else than its effective user and root may change what lies at a path, or what will be made there.
 * @param path of which not all needs to exist
 * @throws Error it cannot be looked at
 */
export function whoElseMayChange(path: string): OpenFolder | null {
  const user = process.geteuid?.() ?? 0;
  // In a user namespace, those who own the folders above have no number of their own.
  return openFolder(nearest(path), (owner) => owner === user || owner === 0 || isUnmapped(owner));
}

/** What of a path is there already, without symbolic links. */
function nearest(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at)) throw error;
    }
  }
}

/**
 * Tells whether a user id stands for all users that have none in this user namespace: so the folders of the machine look inside of
 * one. user_namespaces(7)
 * @param map as `/proc/self/uid_map` has it
 */
export function isUnmapped(user: number, map: string = readFileSync('/proc/self/uid_map', 'utf8')): boolean {
  const ranges = map
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return !ranges.some(([inside = 0, , length = 0]) => user >= inside && user < inside + length);
}
