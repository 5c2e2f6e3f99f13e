import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { othersMayWrite, privateCache } from '@criujs/linux';

/** Milliseconds after which kept code is deleted, and how many are kept: others are of releases that nobody runs, or made again. */
const limits = { age: 30 * 24 * 60 * 60 * 1000, count: 16 } as const;
const ending = '.code';

/**
 * The folder of kept code, made if it is missing; null: there is none that no other user could have filled, and nothing is kept.
 * @param home of the effective user; default: as passwd(5) has it
 */
export function codeCache(env: NodeJS.ProcessEnv = process.env, home?: () => string): string | null {
  const cache = privateCache('code', env, home);
  return 'folder' in cache ? cache.folder : null;
}

/** Reads what was kept; undefined: nothing, or not by this user, or it is damaged. V8 itself would run damaged code. */
export function readKept(folder: string, name: string): Buffer | undefined {
  try {
    const fd = openSync(join(folder, name + ending), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.uid !== process.geteuid?.() || othersMayWrite(stat)) return undefined;
      const twice = readFileSync(fd);
      const [code, copy] = [twice.subarray(0, twice.length / 2), twice.subarray(twice.length / 2)];
      return code.length > 0 && code.equals(copy) ? code : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Keeps code, whole or not at all. It is written twice: comparing takes less time than loading what computes a checksum. */
export function writeKept(folder: string, name: string, code: Buffer): void {
  const path = join(folder, name + ending);
  const made = `${path}.${process.pid}`;
  try {
    const fd = openSync(made, 'wx', 0o600);
    try {
      for (const part of [code, code]) for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(made, path);
    removeOld(folder);
  } catch {
    // A full disk, or a folder that is only read: it goes without.
    discard(made);
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    return;
  }
}

/** What another process has just removed is no error. */
function removeOld(folder: string): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [] : [{ path, made: stat.mtimeMs }];
  });
  const newestFirst = files.toSorted((a, b) => b.made - a.made);
  for (const [index, { path, made }] of newestFirst.entries())
    if (index >= limits.count || Date.now() - made > limits.age) discard(path);
}
