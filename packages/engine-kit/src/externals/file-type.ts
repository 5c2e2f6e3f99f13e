import { type DeviceNumber, deviceNumber } from '@criujs/linux';
import type { DeviceStat, FileKind } from '@criujs/plugin-sdk';
import { exact } from '../records/files.ts';

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

const kinds: Readonly<Record<number, FileKind>> = {
  [fileType.socket]: 'socket',
  [fileType.regular]: 'regular',
  [fileType.block]: 'block',
  [fileType.directory]: 'directory',
  [fileType.character]: 'character',
  [fileType.fifo]: 'fifo',
};

/** What stat(2) says of a file, from whatever source. */
interface Stat {
  readonly mode: number | bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly rdev: bigint;
}

/** The type of an open file as plugins are told. `link`: where /proc/PID/fd/N leads. */
export function kindOf(link: string, { mode }: Pick<Stat, 'mode'>): FileKind {
  if (link.startsWith('anon_inode:')) return 'anonymous';
  return kinds[typeOf(mode)] ?? 'unknown';
}

/** The device's own number, for devices only. */
export function deviceOf({ mode, rdev }: Pick<Stat, 'mode' | 'rdev'>): DeviceNumber | null {
  const type = typeOf(mode);
  return type === fileType.character || type === fileType.block ? deviceNumber(rdev) : null;
}

/** A mapped device as plugins are told. */
export function deviceStat({ mode, dev, ino, rdev }: Stat): DeviceStat {
  return { mode: Number(mode), device: deviceNumber(dev), inode: exact(ino), rdev: deviceNumber(rdev) };
}
