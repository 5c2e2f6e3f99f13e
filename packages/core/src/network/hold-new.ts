import {
  closeFd,
  type Door,
  dropNew,
  type InetFamily,
  inetSockets,
  LinuxError,
  readFds,
  readLink,
} from '@criujs/linux';
import { tcpStates } from '../facts/tcp.ts';
import type { Hold } from '../machinery/guard/holds.ts';
import { netfilter, removal, send } from './hold-connections.ts';
import { newLockId } from './names.ts';

/** IPPROTO_TCP, AF_INET and AF_INET6. */
const tcp = 6;
const families: readonly InetFamily[] = [2, 10];

/**
 * Drops what would begin connections to sockets at which processes listen, until the tree is frozen and dumped: those that wait there can be
 * accepted meanwhile, and nobody new is told that he is connected. Whoever wants to connect tries again by himself.
 * @returns whether there are such sockets
 */
export function holdNewConnections(pids: readonly number[], hold: Hold): boolean {
  const doors = doorsOf(pids);
  if (doors.length === 0) return false;
  const table = `CRIU-new-${newLockId()}`;
  const fd = netfilter();
  try {
    const undo = [removal(fd, table)];
    hold({ what: 'the way to sockets that listen', undo, atCommit: 'undone' }, () => send(fd, dropNew(table, doors)));
    return true;
  } finally {
    closeFd(fd);
  }
}

/** Where processes listen, each once. */
function doorsOf(pids: readonly number[]): Door[] {
  const own = new Set(pids.flatMap(socketsOf));
  const doors = new Map<string, Door>();
  for (const family of families)
    for (const { inode, state, source, sourcePort: port } of listOf(family)) {
      if (state !== tcpStates.LISTEN || !own.has(`socket:[${inode}]`)) continue;
      const isAny = source.every((byte) => byte === 0);
      // One at :: has connections of both families, unless it has said that it wants none of IPv4.
      const door: Door = {
        port,
        address: isAny ? null : source,
        family: family === 2 ? 'ipv4' : isAny ? null : 'ipv6',
      };
      doors.set(`${door.family} ${source.join('.')} ${port}`, door);
    }
  return [...doors.values()];
}

function listOf(family: InetFamily): ReturnType<typeof inetSockets> {
  try {
    return inetSockets(family, tcp);
  } catch (error) {
    if (error instanceof LinuxError) return [];
    throw error;
  }
}

/** What the descriptors of a process lead to; nothing where it is gone, or this user may not look. */
function socketsOf(pid: number): string[] {
  try {
    return readFds(pid).map((fd) => linkOf(pid, fd));
  } catch {
    return [];
  }
}

function linkOf(pid: number, fd: number): string {
  try {
    return readLink(pid, `fd/${fd}`);
  } catch {
    return '';
  }
}
