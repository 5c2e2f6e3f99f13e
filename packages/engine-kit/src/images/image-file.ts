import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../errors/errors.ts';
import { largestImage } from './image-sizes.ts';
import { checkOwner } from './owner.ts';

// How images are read: whoever wrote them, opening one neither waits nor follows a link, and no size is believed.

/** Windows has neither O_NOFOLLOW nor O_NONBLOCK. Node opens every file close-on-exec. */
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** What may lie in an image's place. inode(7). */
const kinds: readonly [
  is: 'isSymbolicLink' | 'isDirectory' | 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice',
  what: string,
][] = [
  ['isSymbolicLink', 'a symbolic link'],
  ['isDirectory', 'a folder'],
  ['isFIFO', 'a FIFO'],
  ['isSocket', 'a socket'],
  ['isCharacterDevice', 'a character device'],
  ['isBlockDevice', 'a block device'],
];

/**
 * Opens an image of a directory for reading.
 * @param owner to whom it must belong; null: to anybody
 * @returns null when it is not there
 * @throws EngineError IMAGE_INVALID where something other than a regular file lies in its place, NOT_PERMITTED; or what Node
 * throws
 */
export function openImage(directory: string, name: string, owner: number | null = null): number | null {
  const path = join(directory, name);
  try {
    // Looked at first: opening alone makes some devices do something.
    checkRegular(lstatSync(path), name, path);
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return checkedDescriptor(fd, name, path, owner);
  } catch (error) {
    return refuse(error as NodeJS.ErrnoException, name, path);
  }
}

function refuse(error: NodeJS.ErrnoException, name: string, path: string): null {
  if (error.code === 'ENOENT') return null;
  // Swapped between the look and the open.
  if (error.code === 'ELOOP' || error.code === 'ENXIO') checkRegular(lstatSync(path), name, path);
  if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
  throw new EngineError('NOT_PERMITTED', `cannot open ${path}: permission is denied`, {
    remedy: 'Restore as the user who made the dump, or as root.',
    resource: name,
    cause: error,
  });
}

/** The same descriptor if it is one of a regular file of that owner; else it is closed. @throws EngineError IMAGE_INVALID, IMAGES_UNTRUSTED */
export function checkedDescriptor(fd: number, name: string, path: string = name, owner: number | null = null): number {
  try {
    const stat = fstatSync(fd);
    checkRegular(stat, name, path);
    checkOwner(stat, owner, path, name);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function checkRegular(stat: Stats, name: string, path: string): void {
  if (stat.isFile()) return;
  const what = kinds.find(([is]) => stat[is]())?.[1] ?? 'something other than a regular file';
  throw new EngineError('IMAGE_INVALID', `${path} is ${what}, where an image should be`, {
    remedy: 'Do not restore from this directory unless you know who made it; take the images from an undamaged copy.',
    resource: name,
  });
}

/**
 * Reads a whole image from a descriptor, wherever its position is. Its size is checked before anything of it is read.
 * @param most the most bytes that it may have; default: what its name allows
 * @throws EngineError IMAGE_INVALID
 */
export function readImage(fd: number, name: string, most: number = largestImage(name)): Uint8Array {
  const { size } = fstatSync(fd);
  if (size > most) {
    throw new EngineError('IMAGE_INVALID', `${name} has ${size} bytes, and at most ${most} are read`, {
      remedy: 'Take the images from an undamaged copy, or dump again.',
      resource: name,
    });
  }
  const bytes = Buffer.allocUnsafe(size);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/**
 * Opens, reads and closes an image of a directory. @returns null when it is not there. @throws as {@link openImage}, {@link
 * readImage}
 */
export function readImageOf(directory: string, name: string, owner: number | null = null): Uint8Array | null {
  const fd = openImage(directory, name, owner);
  if (fd === null) return null;
  try {
    return readImage(fd, name);
  } finally {
    closeSync(fd);
  }
}
