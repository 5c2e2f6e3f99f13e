import { fileType, typeOf } from '@criujs/engine-kit/externals';
import type { EntryInit, ImageRecordInit } from '@criujs/images';
import { arena, closeFd, deviceNumber, errnoName, openPath, syscall, trySyscall } from '@criujs/linux';
import { readAt } from '../../files/read-at.ts';
import { invalid } from '../rules.ts';
import type { HeldFile } from './held.ts';
import type { ImageReader } from './side-images.ts';

/** A deleted file as stored in the images. */
export interface GhostImage {
  /** The image, for errors. */
  readonly image: string;
  /** The device as the kernel keeps it, and the inode, that it had; 0: the image does not say. */
  readonly dev: number;
  readonly ino: bigint;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a device, as mknod(2) takes it. */
  readonly rdev: number;
  /** Of a symbolic link. */
  readonly target: string;
  /** Of a regular file, in bytes. */
  readonly size: number;
  /** Its data; everything else is holes. */
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  /** null: the image does not say. */
  readonly times: { readonly accessed: FileTime; readonly modified: FileTime } | null;
}

/** Seconds since 1970, and microseconds. */
export interface FileTime {
  readonly tvSec: bigint;
  readonly tvUsec: bigint;
}

/** lseek(2). */
const seekData = 3;
const seekHole = 4;
/** Bits of the minor number in a device number as the kernel keeps it. include/linux/kdev_t.h */
const minorBits = 20;
/** Room for the target of a symbolic link: PATH_MAX, limits.h. */
const longestPath = 4096;

/** A device number of stat(2) as the kernel keeps it, in images and fdinfo. */
export function kernelDevice(device: bigint): number {
  const { major, minor } = deviceNumber(device);
  return ((major << minorBits) | minor) >>> 0;
}

/** The name of the image of a deleted file. */
export function ghostImageName(id: number): string {
  return `ghost-file-${id.toString(16)}.img`;
}

/**
 * What an image has of a deleted file: its inode, then what is in it.
 * @param target of a symbolic link
 */
export function ghostRecords({ stat, handle }: HeldFile, target: string | null): ImageRecordInit<'GHOST_FILE'>[] {
  const type = typeOf(stat.mode);
  const inode: EntryInit<'GHOST_FILE'> = {
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mode: Number(stat.mode),
    dev: kernelDevice(stat.dev),
    ino: stat.ino,
    atim: timeOf(stat.atimeNs),
    mtim: timeOf(stat.mtimeNs),
    ...(type === fileType.character ? { rdev: Number(stat.rdev) } : {}),
    ...(target === null ? {} : { symlnkTarget: target }),
  };
  if (type !== fileType.regular) return [{ message: inode }];
  return [{ message: { ...inode, chunks: true, size: stat.size } }, ...readPieces(handle)];
}

/** Reads the image of a deleted file. @throws EngineError IMAGE_INVALID */
export function readGhost(images: ImageReader, id: number): GhostImage {
  const image = ghostImageName(id);
  const [first, ...rest] = images.read('GHOST_FILE', image);
  const inode = first?.message;
  if (first === undefined || inode?.$typeName !== 'ghost_file_entry') throw invalid(image, 'no file in it');
  const pieces = rest.map(({ message, data = new Uint8Array() }) => {
    if (message.$typeName !== 'ghost_chunk_entry') throw invalid(image, 'more than one file in it');
    return { offset: Number(message.off), bytes: data };
  });
  if (!inode.chunks && first.data !== undefined) pieces.push({ offset: 0, bytes: first.data });
  const end = pieces.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes.length), 0);
  const size = inode.chunks ? Number(inode.size) : end;
  if (!Number.isSafeInteger(size) || end > size) throw invalid(image, `${end} bytes of a file of ${size}`);
  const { dev, ino, mode, uid, gid, rdev, symlnkTarget: target, atim, mtim } = inode;
  const times = atim === undefined || mtim === undefined ? null : { accessed: atim, modified: mtim };
  return { image, dev, ino, mode, uid, gid, rdev, target, size, pieces, times };
}

function timeOf(ns: bigint): FileTime {
  return { tvSec: ns / 1_000_000_000n, tvUsec: (ns % 1_000_000_000n) / 1000n };
}

/** The target of a symbolic link that a descriptor refers to. readlinkat(2). */
export function targetOf(fd: number): string {
  return arena.scope(() => {
    const room = arena.alloc(longestPath);
    const length = syscall('readlinkat', fd, arena.cstring('').address, room.address, longestPath);
    return Buffer.from(room.bytes.subarray(0, length)).toString();
  });
}

/** The data between the holes. */
function readPieces(path: string): ImageRecordInit<'GHOST_FILE'>[] {
  const fd = openPath(path, 0);
  try {
    const pieces: ImageRecordInit<'GHOST_FILE'>[] = [];
    for (let start = nextData(fd, 0); start !== null; ) {
      const end = syscall('lseek', fd, start, seekHole);
      const data = readPiece(fd, start, end - start);
      pieces.push({ message: { len: BigInt(data.length), off: BigInt(start) }, data });
      start = nextData(fd, end);
    }
    return pieces;
  } finally {
    closeFd(fd);
  }
}

/** Where the next data begins; null: none follows. */
function nextData(fd: number, from: number): number | null {
  const at = trySyscall('lseek', fd, from, seekData);
  if (at >= 0) return at;
  return errnoName(-at) === 'ENXIO' ? null : syscall('lseek', fd, from, seekData);
}

function readPiece(fd: number, at: number, length: number): Buffer {
  const data = Buffer.alloc(length);
  return data.subarray(0, readAt(fd, data, at));
}
