import {
  chmodSync,
  chownSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { AT_FDCWD, arena, closeFd, openPath, syscall } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { openFlag, temporaryFlags } from './flags.ts';
import type { GhostImage } from './ghost-image.ts';
import { linkByHandle } from './link.ts';
import { errorCode } from './seen.ts';
import { permissionBits } from './stat.ts';

/** For the engine alone until the file is complete. */
const privateMode = 0o600;

/** Makes an empty file, or one more name for a file that exists. @returns a descriptor of it */
export function createFrom(from: GhostImage | { readonly link: string }, path: string): number {
  if ('link' in from) {
    linkSync(from.link, path);
    return openPath(path, openFlag.O_PATH | openFlag.O_NOFOLLOW);
  }
  const type = typeOf(from.mode);
  const create = creators[type];
  if (create === undefined) throw new EngineError('INTERNAL', `${from.image}: a file of type ${type.toString(8)}`);
  return create(path, from);
}

const creators: Readonly<Record<number, (path: string, ghost: GhostImage) => number>> = {
  [fileType.regular]: (path) =>
    openPath(path, openFlag.O_RDWR | openFlag.O_CREAT | openFlag.O_EXCL | openFlag.O_NOFOLLOW, privateMode),
  [fileType.directory](path) {
    mkdirSync(path, 0o700);
    return openPath(path, openFlag.O_DIRECTORY | openFlag.O_NOFOLLOW);
  },
  [fileType.link](path, { target }) {
    symlinkSync(target, path);
    return openPath(path, openFlag.O_PATH | openFlag.O_NOFOLLOW);
  },
  [fileType.fifo]: (path) => makeNode(path, fileType.fifo, 0),
  [fileType.character]: (path, { rdev }) => makeNode(path, fileType.character, rdev),
};

/** mknod(2) */
function makeNode(path: string, type: number, rdev: number): number {
  arena.scope(() => syscall('mknodat', AT_FDCWD, arena.cstring(path).address, type | privateMode, rdev));
  return openPath(path, openFlag.O_PATH | openFlag.O_NOFOLLOW);
}

/** Makes a file without a name in the directory of a path. @returns a descriptor with these flags */
export function createTemporary(path: string, flags: number): number {
  return openPath(dirname(path), temporaryFlags(flags), privateMode);
}

/** Gives a file one more name. @returns a descriptor that was opened by it */
export function linkTo(fd: number, path: string): number {
  linkByHandle(`/proc/self/fd/${fd}`, path);
  return openPath(path, openFlag.O_PATH | openFlag.O_NOFOLLOW);
}

/**
 * Fills the file, and gives it the owner, rights and times that it had.
 * @param isOwnerSeen whether a process could notice that it belongs to somebody else
 */
export function putInode(ghost: GhostImage, fd: number, path: string, isOwnerSeen: boolean): void {
  const isLink = typeOf(ghost.mode) === fileType.link;
  if (typeOf(ghost.mode) === fileType.regular) fill(path, ghost);
  const { uid, gid } = fstatSync(fd);
  if (uid !== ghost.uid || gid !== ghost.gid) {
    try {
      if (isLink) lchownSync(path, ghost.uid, ghost.gid);
      else chownSync(path, ghost.uid, ghost.gid);
    } catch (error) {
      if (isOwnerSeen) throw notOwned(ghost, error);
    }
  }
  if (isLink) return;
  chmodSync(path, ghost.mode & permissionBits);
  if (ghost.times !== null) setTimes(path, ghost.times);
}

function fill(path: string, { image, pieces, size }: GhostImage): void {
  const fd = openPath(path, openFlag.O_WRONLY);
  try {
    for (const { offset, bytes } of pieces) {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
    }
    ftruncateSync(fd, size);
  } catch (error) {
    throw refusedCall(
      errorCode(error),
      `a deleted file of ${size} bytes cannot be filled (${errorCode(error)})`,
      { file: image },
      error,
    );
  } finally {
    closeFd(fd);
  }
}

/** utimensat(2). */
function setTimes(path: string, { accessed, modified }: NonNullable<GhostImage['times']>): void {
  arena.scope(() => {
    const times = arena.alloc(32);
    [accessed, modified].forEach(({ tvSec, tvUsec }, at) => {
      times.view.setBigUint64(at * 16, tvSec, true);
      times.view.setBigUint64(at * 16 + 8, tvUsec * 1000n, true);
    });
    syscall('utimensat', AT_FDCWD, arena.cstring(path).address, times.address, 0);
  });
}

function notOwned({ image, uid, gid }: GhostImage, cause: unknown): EngineError {
  return new EngineError('NOT_PERMITTED', `${image}: the file belonged to user ${uid} and group ${gid}`, {
    resource: image,
    remedy: 'Restore as root, or as that user.',
    cause,
  });
}
