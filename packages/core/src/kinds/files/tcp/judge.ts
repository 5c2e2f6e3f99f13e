import { tcpStates } from '../../../facts/tcp.ts';
import { mayHoldNetwork } from '../../../network/hold-connections.ts';
import type { Tree } from '../held.ts';
import type { InetProblem } from '../inet/kind.ts';
import type { InetSocket } from '../inet/seen.ts';
import { judgeTcp } from '../inet/tcp.ts';
import { conditions } from '../pipe-content.ts';
import { connectedStates } from './connection.ts';

/** POLLPRI and POLLERR of poll(2). */
const [urgent, pollError] = [0x2, 0x8];

/** Why a connection cannot be dumped; null: it can. Looks only. */
export function judgeConnection(socket: InetSocket, fd: number, tree: Tree): InetProblem | null {
  const { tcpEstablished: established, tcpClose: close } = tree.options;
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
  const inner = judgeTcp(socket, fd, tree);
  if (inner !== null) return inner;
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
