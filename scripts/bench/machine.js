import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';

const shm = '/dev/shm';
/** Of statfs(2), linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;

/** The machine in words: `2 cores of an AMD EPYC in a virtual machine, 23 GiB of memory, Linux 6.18`. */
export function machineInWords() {
  const cores = availableParallelism();
  const model = (cpus()[0]?.model ?? 'processor').replaceAll(/\((?:R|TM)\)| CPU| Processor| @.*/g, '').trim();
  const article = /^[aeiou]/i.test(model) ? 'an' : 'a';
  const isVirtual = /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'latin1'));
  const memory = Math.round(totalmem() / 2 ** 30);
  // What follows the second number is of whoever built it.
  const kernel = release().split('.').slice(0, 2).join('.');
  const place = isVirtual ? ' in a virtual machine' : '';
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${article} ${model}${place}, ${memory} GiB of memory, Linux ${kernel}`;
}

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
