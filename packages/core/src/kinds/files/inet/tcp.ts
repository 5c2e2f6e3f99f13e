import { acknowledged, authenticationLength, tcpLevel, tcpOption, ulpLength } from '../../../facts/tcp.ts';
import type { Tree } from '../held.ts';
import { readOptionBytes } from '../sockets.ts';
import type { InetProblem } from './kind.ts';
import { type InetSocket, listOf } from './seen.ts';

const closeIt = 'Let the program close it before the dump.';

/** What no TCP socket may have that is made again, in whatever state; null: it has nothing of it. */
export function judgeTcp(socket: InetSocket, fd: number, tree: Tree): InetProblem | null {
  const ulp = readOptionBytes(fd, tcpOption.ULP, ulpLength, tcpLevel)?.toString('latin1').replace(/\0.*$/s, '') ?? '';
  if (ulp !== '') return { why: `something else works upon it (TCP_ULP ${ulp})`, remedy: closeIt };
  const keys = 'what it sends is signed, with keys that the kernel does not give away';
  if (readOptionBytes(fd, tcpOption.AO_INFO, authenticationLength, tcpLevel) !== null)
    return { why: `${keys} (TCP_AO)`, remedy: closeIt };
  if (listOf(socket, tree)?.get(socket.inode)?.signs === true) return { why: `${keys} (TCP_MD5SIG)`, remedy: closeIt };
  return null;
}

/** Whether it ever had a connection. */
export function wasConnected(fd: number): boolean {
  const info = readOptionBytes(fd, acknowledged.option, acknowledged.length, tcpLevel);
  return info !== null && info.readBigUInt64LE(acknowledged.at) > 0n;
}
