import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { EngineError } from '../errors/errors.ts';

/** Windows has no O_NOFOLLOW and no O_NONBLOCK. */
const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** A file that the user has named for us to write. */
export interface OwnFile {
  /** In words, for errors: `the record`. */
  readonly what: string;
  readonly path: string;
  /** Whether what is in it stays, and lines come after it. */
  readonly append: boolean;
}

interface Obstacle {
  readonly why: string;
  readonly remedy: string;
}

const another = 'Remove it, or give another path.';
const link: Obstacle = {
  why: 'it is a symbolic link, which is not followed',
  remedy: 'Give the path that the link leads to.',
};
const special: Obstacle = { why: 'it is no regular file', remedy: 'Give the path of a regular file, or of none.' };

/** What the errno of opening what is there already means. open(2): ENXIO is a FIFO that nobody reads, or a socket. */
const obstacles: Readonly<Record<string, Obstacle>> = { ELOOP: link, EISDIR: special, ENXIO: special };

/**
 * Opens such a file, for its owner only if it is new. What somebody else may have put in its place to be written through is refused: a
 * link, a second name of another file, a FIFO or a device, a file of another user.
 * @throws EngineError BAD_OPTION
 */
export function openOwnFile(file: OwnFile): number {
  const { path, append } = file;
  const flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | (append ? O_APPEND : 0);
  try {
    return openSync(path, flags | O_CREAT | O_EXCL, 0o600);
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw refusal(file, undefined, cause);
  }
  return openOld(file, flags);
}

function openOld(file: OwnFile, flags: number): number {
  let fd: number;
  try {
    fd = openSync(file.path, flags);
  } catch (cause) {
    throw refusal(file, obstacles[codeOf(cause) ?? ''], cause);
  }
  const obstacle = obstacleOf(fd);
  if (obstacle !== null) {
    closeSync(fd);
    throw refusal(file, obstacle);
  }
  if (!file.append) ftruncateSync(fd, 0);
  return fd;
}

function obstacleOf(fd: number): Obstacle | null {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return special;
  if (stat.nlink > 1) return { why: 'the file has other names, too', remedy: another };
  const user = process.geteuid?.() ?? stat.uid;
  return stat.uid === user ? null : { why: `it belongs to user ${stat.uid}`, remedy: another };
}

function refusal({ what, path }: OwnFile, obstacle: Obstacle | undefined, cause?: unknown): EngineError {
  const { why, remedy } = obstacle ?? {
    why: (cause as Error).message,
    remedy: 'Give the path of a file that you may write.',
  };
  return new EngineError('BAD_OPTION', `${what} ${path} cannot be written: ${why}`, { remedy, resource: path, cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
