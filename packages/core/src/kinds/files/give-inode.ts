import { chmodSync, chownSync, fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { errorCode } from './seen.ts';
import { permissionBits } from './stat.ts';

/** Who a file belongs to, and what it permits. */
export interface InodeOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Gives the file at a descriptor, which may be one of O_PATH, the owner and the mode that it had.
 * @throws EngineError NOT_PERMITTED
 */
export function giveInode(
  fd: number,
  { uid, gid, mode }: InodeOwner,
  { what, resource }: { readonly what: string; readonly resource?: string },
): void {
  const path = `/proc/self/fd/${fd}`;
  const now = fstatSync(fd);
  try {
    if (now.uid !== uid || now.gid !== gid) chownSync(path, uid, gid);
    if ((now.mode & permissionBits) !== mode) chmodSync(path, mode);
  } catch (cause) {
    throw new EngineError(
      'NOT_PERMITTED',
      `${what} belonged to user ${uid} and group ${gid}, and cannot be given to them (${errorCode(cause)})`,
      { ...(resource !== undefined && { resource }), remedy: 'Restore as root, or as that user.', cause },
    );
  }
}
