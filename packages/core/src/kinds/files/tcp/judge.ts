import { tcpLevel, tcpOption, tcpStates } from '../../../facts/tcp.ts';
import { mayHoldNetwork } from '../../../network/hold-connections.ts';
import type { Tree } from '../held.ts';

import type { InetProblem } from '../inet/kind.ts';
import { type InetSocket, listOf } from '../inet/seen.ts';
import { conditions } from '../pipe-content.ts';
import { readOptionBytes } from '../sockets.ts';
import { connectedStates } from './connection.ts';

/** POLLPRI and POLLERR of poll(2). */
const [urgent, pollError] = [0x2, 0x8];
/** TCP_AO_INFO of linux/tcp.h: the call fails where there are no keys. Length of its structure. */
const authenticated = { option: 40, length: 32 } as const;
/** Names of protocols above TCP have 16 bytes at most. linux/tcp.h, TCP_ULP_NAME_MAX */
const longestName = 16;

/** Why a connection cannot be dumped; null: it can. Looks only. */
export function judgeConnection(socket: InetSocket, fd: number, tree: Tree): InetProblem | null {
  const { established, close } = tree.options.tcp;
  if (close) return null;
  if (!established)
    return {
      why: 'it is a connection',
      remedy:
        'Let the dump take it: --tcp-established (option `tcpEstablished`), or as one that is over: --tcp-close (option `tcpClose`).',
    };
  if (!mayHoldNetwork())
    return { why: 'this user may not look into connections', remedy: 'Dump as root, or with CAP_NET_ADMIN.' };
  if (!connectedStates.includes(socket.state)) return beginning(socket.state);
  const keys = keysOf(socket, fd, tree);
  if (keys !== null)
    return {
      why: `it signs its packets (${keys}), with keys that nobody can read`,
      remedy: 'Let the program close it before the dump, or use --tcp-close.',
    };
  const above = protocolAbove(fd);
  if (above !== '')
    return {
      why: `the kernel speaks ${above} in it (TCP_ULP), and does not tell its keys`,
      remedy: 'Let the program close it before the dump, or use --tcp-close.',
    };
  const now = conditions(fd, urgent);
  if ((now & urgent) !== 0)
    return {
      why: 'an urgent byte waits in it that the program has not read yet',
      remedy: 'Dump it when the program has read it.',
      passes: true,
    };
  if ((now & pollError) !== 0)
    return {
      why: 'an error waits in it that the program has not been told yet, and asking for it takes it away',
      remedy: 'Dump it when the program has read it.',
      passes: true,
    };
  return null;
}

function beginning(state: number): InetProblem {
  const isAsked = state === tcpStates.SYN_SENT;
  return {
    why: isAsked ? 'its connection is being made' : 'its connection is not one yet, or no more',
    remedy: 'Dump it when it is connected.',
    passes: true,
  };
}

function keysOf(socket: InetSocket, fd: number, tree: Tree): string | null {
  if (listOf(socket, tree)?.get(socket.inode)?.signs) return 'TCP_MD5SIG';
  return readOptionBytes(fd, authenticated.option, authenticated.length, tcpLevel) === null ? null : 'TCP_AO';
}

/** The protocol that the kernel speaks in a connection, such as `tls`; empty: none. */
function protocolAbove(fd: number): string {
  const bytes = readOptionBytes(fd, tcpOption.upperProtocol, longestName, tcpLevel);
  return bytes === null ? '' : bytes.toString('latin1').replace(/\0.*$/s, '');
}
