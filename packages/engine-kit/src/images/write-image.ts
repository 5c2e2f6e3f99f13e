import { closeSync, constants, openSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { meaningOf } from '../errors/errno-meanings.ts';
import { EngineError, type EngineErrorCode } from '../errors/errors.ts';

// One image as a file of a directory. Node opens every file close-on-exec.

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

const spaceRemedy = 'Free some space, or use an image directory on another file system.';

interface Meaning {
  readonly code: EngineErrorCode;
  readonly why: string;
  readonly remedy: string;
}

const full: Meaning = { code: 'IMAGES_FULL', why: 'no space is left there', remedy: spaceRemedy };

const unwritable = (why: string): Meaning => ({
  code: 'IMAGES_UNWRITABLE',
  why,
  remedy: 'Choose an image directory that you may write to.',
});

/** What the errno of a failed file operation means to the user. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: full,
  EACCES: unwritable('permission is denied'),
  EPERM: unwritable('the operation is not permitted'),
  EROFS: unwritable('the file system is read-only'),
  ENOTDIR: unwritable('it, or a part of its path, is not a directory'),
  ELOOP: unwritable('a symbolic link is in the way'),
  EISDIR: unwritable('a directory is in the way'),
  ENOENT: unwritable('it does not exist'),
  ENAMETOOLONG: { ...unwritable('the path is too long'), remedy: 'Choose an image directory with a shorter path.' },
  EINVAL: unwritable('its file system does not support such a file'),
  EPIPE: {
    ...unwritable('the reader of the stream is gone'),
    remedy: 'Check the program that reads the stream of the store.',
  },
  ECONNRESET: {
    ...unwritable('the connection broke'),
    remedy: 'Check the program that reads the stream of the store.',
  },
};

/** Errors that say nothing of the directory keep their own remedy: a limit of open files, a disk that fails. */
function otherwise(error: NodeJS.ErrnoException): Meaning {
  const known = meaningOf(error.code ?? '');
  return { ...unwritable(error.message), ...(known && { code: known.code, remedy: known.remedy }) };
}

/** Makes an EngineError of a failure to write below an image directory. */
export function writeError(thrown: unknown, path: string): EngineError {
  const error = thrown as NodeJS.ErrnoException;
  const meaning = meanings[error.code ?? ''] ?? otherwise(error);
  return new EngineError(meaning.code, `cannot write ${path}: ${meaning.why}`, {
    remedy: meaning.remedy,
    resource: path,
    cause: thrown,
  });
}

/**
 * Creates an image, in place of one that this run wrote before.
 * @param shown what errors call the directory
 */
export function openForWriting(directory: string, name: string, shown: string): number {
  const path = join(directory, name);
  try {
    const open = (): number => openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      return open();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      unlinkSync(path);
      return open();
    }
  } catch (error) {
    throw writeError(error, join(shown, name));
  }
}

/**
 * Writes a whole image under another name first, so that it is there wholly or not at all.
 * @param shown what errors call the directory
 * @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE
 */
export function writeWhole(directory: string, name: string, bytes: Uint8Array, shown: string): void {
  const to = join(directory, name);
  const draft = `${name}.part`;
  const from = join(directory, draft);
  const fd = openForWriting(directory, draft, shown);
  try {
    writeAll(fd, bytes);
    renameSync(from, to);
  } catch (error) {
    rmSync(from, { force: true });
    throw writeError(error, join(shown, name));
  } finally {
    closeSync(fd);
  }
}

/** Writes all bytes at a descriptor's position. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
