import type { BigIntStats } from 'node:fs';
import { joinDevice } from '../descriptors/device.ts';
import type { RemoteCall } from '../processor/processor.ts';

/** What a file is, as far as an image tells. stat(3type). */
export type FileStat = Pick<
  BigIntStats,
  'dev' | 'ino' | 'mode' | 'nlink' | 'uid' | 'gid' | 'rdev' | 'size' | 'blksize' | 'blocks' | 'atimeNs' | 'mtimeNs'
>;

/** STATX_BASIC_STATS. statx(2). */
const basic = 0x7ff;

/** Bytes of `struct statx`, and where in it things are. linux/stat.h. */
export const statxLength: number = 256;
const at = {
  blksize: 4,
  nlink: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  ino: 32,
  size: 40,
  blocks: 48,
  atime: 64,
  mtime: 112,
  rdev: 128,
  dev: 136,
} as const;

/** @param path the address of an absolute path, @param to where the answer goes */
export function statxCall(path: number, to: number): RemoteCall {
  return ['statx', 0, path, 0, basic, to];
}

/** Reads what statx(2) answered. */
export function parseStatx(bytes: Buffer): FileStat {
  const device = (offset: number): bigint => joinDevice(bytes.readUInt32LE(offset), bytes.readUInt32LE(offset + 4));
  return {
    dev: device(at.dev),
    ino: bytes.readBigUInt64LE(at.ino),
    mode: BigInt(bytes.readUInt16LE(at.mode)),
    nlink: BigInt(bytes.readUInt32LE(at.nlink)),
    uid: BigInt(bytes.readUInt32LE(at.uid)),
    gid: BigInt(bytes.readUInt32LE(at.gid)),
    rdev: device(at.rdev),
    size: bytes.readBigInt64LE(at.size),
    blksize: BigInt(bytes.readUInt32LE(at.blksize)),
    blocks: bytes.readBigInt64LE(at.blocks),
    atimeNs: nanoseconds(bytes, at.atime),
    mtimeNs: nanoseconds(bytes, at.mtime),
  };
}

/** `struct statx_timestamp`: seconds, then nanoseconds. */
function nanoseconds(bytes: Buffer, offset: number): bigint {
  return bytes.readBigInt64LE(offset) * 1_000_000_000n + BigInt(bytes.readUInt32LE(offset + 8));
}
