import { type InetDiagSocket, type InetFamily, inetSockets, LinuxError, readFds, readLink } from '@criujs/linux';

/** IPPROTO_TCP, AF_INET and AF_INET6. */
const tcp = 6;
export const families: readonly InetFamily[] = [2, 10];

/** TCP sockets of this network namespace; nothing where the kernel has no such list. */
export function tcpSockets(family: InetFamily): readonly InetDiagSocket[] {
  try {
    return inetSockets(family, tcp);
  } catch (error) {
    if (error instanceof LinuxError) return [];
    throw error;
  }
}

/** Inodes of the sockets that processes have; of one that is gone, or at which this user may not look, none. */
export function socketsOf(pids: readonly number[]): ReadonlySet<number> {
  return new Set(pids.flatMap(inodesOf));
}

function inodesOf(pid: number): number[] {
  try {
    return readFds(pid).flatMap((fd) => inodeAt(pid, fd) ?? []);
  } catch {
    return [];
  }
}

function inodeAt(pid: number, fd: number): number | null {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(pid, `fd/${fd}`))?.[1];
    return inode === undefined ? null : Number(inode);
  } catch {
    return null;
  }
}
