import { accessSync, constants, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const shm = '/dev/shm';
/** Of statfs(2), linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;

/**
 * Where images go: memory if they fit there, since it is the engines that are measured.
 * @returns {{ folder: string, isMemory: boolean }}
 */
export function placeFor(bytes) {
  const isMemory = isTmpfs(shm) && isWritable(shm) && freeBytes(shm) > bytes;
  return isMemory ? { folder: shm, isMemory } : { folder: tmpdir(), isMemory: isTmpfs(tmpdir()) };
}

function isTmpfs(folder) {
  try {
    return statfsSync(folder).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function freeBytes(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** An empty folder in place of whatever is there. */
export function freshFolder(path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  return path;
}
