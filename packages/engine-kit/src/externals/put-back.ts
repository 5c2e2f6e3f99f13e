import { errno, errnoName, getFlags, trySyscall } from '@criujs/linux';
import type { RecordedFile } from '@criujs/plugin-sdk';

/** O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME: what F_SETFL can change (fcntl(2)), on x86-64. */
export const statusFlags = 0o1_066_000;

/** Errors of lseek(2) on what has no position. */
const unseekable: readonly number[] = [errno.ESPIPE, errno.EINVAL, errno.ENXIO, errno.ENODEV];
const SEEK_SET = 0;
const F_SETFL = 4;

/**
 * Gives a descriptor of an external file the status flags and the position of before, where it lets one set them.
 * @returns what did not work, in words for warnings
 */
export function putBack(fd: number, { flags, position }: Pick<RecordedFile, 'flags' | 'position'>): readonly string[] {
  const failed = putBackFlags(fd, flags);
  const moved = trySyscall('lseek', fd, position, SEEK_SET);
  if (moved >= 0 || unseekable.includes(-moved)) return failed;
  return [...failed, `it cannot go back to position ${position} (${errnoName(-moved)})`];
}

/** The status flags alone: for what has no position. */
export function putBackFlags(fd: number, flags: number): readonly string[] {
  const now = getFlags(fd);
  const wanted = (now & ~statusFlags) | (flags & statusFlags);
  const result = now === wanted ? 0 : trySyscall('fcntl', fd, F_SETFL, wanted);
  return result >= 0 ? [] : [`its status flags cannot be set to what they were (${errnoName(-result)})`];
}
