import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { HostError } from './errors.ts';
import { othersMayWrite } from './others-write.ts';
import type { PlaceKind } from './places.ts';
import { refuseWritable } from './refuse-writable.ts';

/** S_ISVTX: who may write such a folder may not rename what others have in it. inode(7) */
const sticky = 0o1000;

/** How a plugin was found that is to be loaded. */
export interface Finding {
  /** Its file, links followed. */
  readonly file: string;
  /** As the user calls it. */
  readonly plugin: string;
  readonly place: PlaceKind;
  /** The user has named the package; else it is loaded because it is there. */
  readonly named: boolean;
  /** An absolute path. */
  readonly cwd: string;
}

/**
 * Checks that the code of a plugin that was looked up by its name, or that is loaded because it is installed, is of somebody who may
 * give this process code: its own user, root, the user behind sudo(8); beside criujs who owns that; in the project, if the package was
 * named, who owns the current directory; and in the folders for all users nobody but root and who runs this. Whatever was not named
 * by a path must also be where nobody else could have put it, apart from named packages of the project, which are found as an
 * import finds them.
 * @throws HostError PLUGIN_UNTRUSTED
 */
export function refuseUntrusted({ file, plugin, place, named, cwd }: Finding): void {
  refuseWritable(file, plugin);
  const users = trusted(place, named ? cwd : null);
  const owner = statSync(file).uid;
  if (!users.has(owner)) throw untrusted(plugin, file, `${file} belongs to user ${owner}`);
  if (named && place === 'project') return;
  const open = openFolder(dirname(file), users);
  if (open !== null) throw untrusted(plugin, file, open);
}

function trusted(place: PlaceKind, cwd: string | null): ReadonlySet<number> {
  const caller = process.geteuid?.() ?? 0;
  const users = new Set([caller, 0]);
  if (place === 'system') return users;
  const behind = Number(process.env['SUDO_UID'] ?? Number.NaN);
  if (caller === 0 && Number.isSafeInteger(behind)) users.add(behind);
  if (place === 'criujs') users.add(statSync(import.meta.dirname).uid);
  if (place === 'project' && cwd !== null) users.add(statSync(realpathSync(cwd)).uid);
  return users;
}

/** In words: a folder, from this one up, that somebody else owns or may write. */
function openFolder(folder: string, users: ReadonlySet<number>): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const stat = statSync(at);
    if (othersMayWrite(stat) && (stat.mode & sticky) === 0) return `others may write the folder ${at}`;
    if (!users.has(stat.uid) && !isUnmapped(stat.uid)) return `user ${stat.uid} owns the folder ${at}`;
    if (at === dirname(at)) return null;
  }
}

/** In a user namespace, those who own the folders above have no number of their own. user_namespaces(7) */
function isUnmapped(user: number): boolean {
  const ranges = readFileSync('/proc/self/uid_map', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return !ranges.some(([inside = 0, , length = 0]) => user >= inside && user < inside + length);
}

function untrusted(plugin: string, file: string, why: string): HostError {
  return new HostError('PLUGIN_UNTRUSTED', `plugin ${plugin} is not loaded: ${why}`, {
    plugin,
    hook: 'load',
    remedy: `Look at what is in it, and name its path if you trust it: ${file}`,
  });
}
