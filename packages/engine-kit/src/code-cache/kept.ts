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

/** Milliseconds after which kept code is deleted: it is of a release that nobody runs any more, or made again. */
const longest = 30 * 24 * 60 * 60 * 1000;
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

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - statSync(path).mtimeMs > longest) rmSync(path, { force: true });
  }
}
