import { fstatSync } from 'node:fs';
import type { TerminalRecord } from '@criujs/engine-kit';
import { closeFd, deviceNumber, openForeignPath } from '@criujs/linux';
import { openFlag } from '../flags.ts';
import { giveInode } from '../give-inode.ts';
import { permissionBits } from '../stat.ts';
import type { OpenMaster } from './pty-number.ts';
import type { Pty } from './pty-store.ts';
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
  const named = { what: `/dev/pts/${pty.number}`, resource: `/dev/pts/${pty.number}` };
  if (slave !== undefined) {
    giveInode(slave, node, named);
    return;
  }
  // Nobody has it open, and opening it is something that whoever has the master notices.
  const fd = openForeignPath(slavePath(master.path, pty.number), openFlag.O_PATH | openFlag.O_NOFOLLOW);
  try {
    if (deviceNumber(fstatSync(fd, { bigint: true }).rdev).minor === pty.number) giveInode(fd, node, named);
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
