import { chmodSync, chownSync, fstatSync } from 'node:fs';
import { EngineError, type TerminalRecord } from '@criujs/engine-kit';
import { closeFd, deviceNumber, openForeignPath } from '@criujs/linux';
import { openFlag } from './flags.ts';
import type { OpenMaster } from './pty-number.ts';
import type { Pty } from './pty-store.ts';
import { errorCode } from './seen.ts';
import { permissionBits } from './stat.ts';
import { slavePath } from './terminal-seen.ts';

type Node = NonNullable<TerminalRecord['node']>;

/**
 * Gives the slave of a new pseudo terminal the owner and mode that it had.
 * @param recorded what criujs.json says of it; images of CRIU say it of slaves that were open
 * @throws EngineError NOT_PERMITTED
 */
export function restoreNode(
  pty: Pty,
  recorded: Node | null,
  { master, slave }: { readonly master: OpenMaster; readonly slave: number | undefined },
): void {
  const node = recorded ?? nodeOf(pty);
  if (node === null) return;
  if (slave !== undefined) {
    putBack(slave, node, pty);
    return;
  }
  // Nobody has it open, and opening it is something that whoever has the master notices.
  const fd = openForeignPath(slavePath(master.path, pty.number), openFlag.O_PATH | openFlag.O_NOFOLLOW);
  try {
    if (deviceNumber(fstatSync(fd, { bigint: true }).rdev).minor === pty.number) putBack(fd, node, pty);
  } finally {
    closeFd(fd);
  }
}

function nodeOf({ slaves: [slave] }: Pty): Node | null {
  const mode = slave?.entry.named?.reg?.mode;
  return slave === undefined || mode === undefined
    ? null
    : { uid: slave.info.uid, gid: slave.info.gid, mode: mode & permissionBits };
}

function putBack(fd: number, { uid, gid, mode }: Node, { number }: Pty): void {
  const path = `/proc/self/fd/${fd}`;
  const now = fstatSync(fd);
  try {
    if (now.uid !== uid || now.gid !== gid) chownSync(path, uid, gid);
    if ((now.mode & permissionBits) !== mode) chmodSync(path, mode);
  } catch (error) {
    throw new EngineError(
      'NOT_PERMITTED',
      `/dev/pts/${number} belonged to user ${uid} and group ${gid}, and cannot be given to them (${errorCode(error)})`,
      { resource: `/dev/pts/${number}`, remedy: 'Restore as root, or as that user.', cause: error },
    );
  }
}
