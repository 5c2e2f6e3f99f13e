import type { BigIntStats } from 'node:fs';
import { exact } from '@criujs/engine-kit';
import { type DeviceNumber, deviceNumber } from '@criujs/linux';
import type { DeviceStat, DumpedFile } from '@criujs/plugin-sdk';

/** The type bits of a file's mode and what they mean. inode(7). */
export const fileType = {
  mask: 0o170000,
  socket: 0o140000,
  link: 0o120000,
  regular: 0o100000,
  block: 0o060000,
  directory: 0o040000,
  character: 0o020000,
  fifo: 0o010000,
} as const;

export function typeOf(mode: number | bigint): number {
  return Number(mode) & fileType.mask;
}

const typeWords: Readonly<Record<number, string>> = {
  [fileType.socket]: 'socket',
  [fileType.link]: 'symbolic link',
  [fileType.regular]: 'regular file',
  [fileType.block]: 'block device',
  [fileType.directory]: 'directory',
  [fileType.character]: 'character device',
  [fileType.fifo]: 'named pipe',
};

/** The type in words, for errors. */
export function typeWord(mode: number | bigint): string {
  return typeWords[typeOf(mode)] ?? 'file without a type';
}

const kindOfType: Readonly<Record<number, DumpedFile['kind']>> = {
  [fileType.socket]: 'socket',
  [fileType.regular]: 'regular',
  [fileType.block]: 'block',
  [fileType.directory]: 'directory',
  [fileType.character]: 'character',
  [fileType.fifo]: 'fifo',
};

/** The type as plugins are told. */
export function kindOf(link: string, stat: BigIntStats): DumpedFile['kind'] {
  if (link.startsWith('anon_inode:')) return 'anonymous';
  return kindOfType[typeOf(stat.mode)] ?? 'unknown';
}

/** A mapped device as plugins are told. */
export function deviceStat({ mode, dev, ino, rdev }: BigIntStats): DeviceStat {
  return { mode: Number(mode), device: deviceNumber(dev), inode: exact(ino), rdev: deviceNumber(rdev) };
}

/** The device's own number, for devices only. */
export function deviceOf(stat: BigIntStats): DeviceNumber | null {
  const type = typeOf(stat.mode);
  return type === fileType.character || type === fileType.block ? deviceNumber(stat.rdev) : null;
}
