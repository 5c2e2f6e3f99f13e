import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { openFolder, openFolderInWords, othersMayWrite } from '@criujs/linux';

/** Why code is not run. */
export interface Distrust {
  readonly why: string;
  /** A sentence that begins with a verb. */
  readonly remedy: string;
}

/** Whose code may run without being named: the caller's own, that of root, and that of the user behind sudo(8). */
export function trustedUsers(
  env: Readonly<Record<string, string | undefined>> = process.env,
  caller: number = process.geteuid?.() ?? 0,
): ReadonlySet<number> {
  const behind = Number(env['SUDO_UID'] ?? Number.NaN);
  return new Set(caller === 0 && Number.isSafeInteger(behind) ? [caller, behind] : [caller, 0]);
}

/** Why a file of code that the user has named is not run: others could have changed it. null: it is run. */
export function distrustNamed(path: string): Distrust | null {
  const file = realpathSync(path);
  if (!othersMayWrite(statSync(file))) return null;
  return { why: `others than its owner may write ${file}`, remedy: `Run chmod go-w ${file}` };
}

/** The same of one that was found and that nobody has named: it is somebody else's, or they could have put it there. */
export function distrustFound(path: string, users: ReadonlySet<number> = trustedUsers()): Distrust | null {
  const file = realpathSync(path);
  const named = distrustNamed(file);
  if (named !== null) return named;
  const owner = statSync(file).uid;
  if (!users.has(owner)) return { why: `it belongs to user ${owner}`, remedy: `Name it with --config ${path}` };
  const open = openFolder(dirname(file), (user) => users.has(user));
  if (open === null) return null;
  return { why: openFolderInWords(open), remedy: `Name it with --config ${path}` };
}
