import { fileType, typeOf } from '@criujs/engine-kit/externals';

const typeWords: Readonly<Record<number, string>> = {
  [fileType.socket]: 'socket',
  [fileType.link]: 'symbolic link',
  [fileType.regular]: 'regular file',
  [fileType.block]: 'block device',
  [fileType.directory]: 'directory',
  [fileType.character]: 'character device',
  [fileType.fifo]: 'named pipe',
};

/** Permissions of a mode, without the type of file. inode(7) */
export const permissionBits = 0o7777;

/** The type in words, for errors. */
export function typeWord(mode: number | bigint): string {
  return typeWords[typeOf(mode)] ?? 'file without a type';
}
