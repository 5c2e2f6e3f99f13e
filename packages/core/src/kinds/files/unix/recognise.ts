import { readlinkSync } from 'node:fs';
import { arena, syscall, type UnixSocket } from '@criujs/linux';
import type { Problem, Recognition, SeenFile, Tree } from '../held.ts';
import { inodeOfLink } from '../sockets.ts';
import { describeUnix, socketState, socketTypes } from './entry.ts';
import { findUnix } from './seen.ts';

/** TIOCOUTQ: how much of what was sent nobody has received. unix(7) */
const unreadBytes = 0x5411;
/** RCV_SHUTDOWN and SEND_SHUTDOWN. */
const bothShut = 3;

/** Whether a unix socket can be made again together with all that it leads to. */
export function recogniseInside(file: SeenFile, tree: Tree): Recognition {
  const socket = findUnix(file, tree);
  if (socket === undefined) return isClosed(file) ? closed(file) : null;
  if (!Object.values<number>(socketTypes).includes(socket.type)) return null;
  const found =
    socket.type === socketTypes.datagram ? datagram(socket, tree) : states[socket.state]?.(socket, file, tree);
  if (found !== 'mine') return found ?? null;
  return isNamedElsewhere(socket, file)
    ? problem(socket, 'its name is a path in a root directory of its own', 'Let the program close it before the dump.')
    : 'mine';
}

type Judge = (socket: UnixSocket, file: SeenFile, tree: Tree) => Recognition;

/** What holds for connections, by state. */
const states: Readonly<Record<number, Judge>> = {
  [socketState.unconnected]: () => 'mine',
  [socketState.listening](socket, _, tree) {
    const client = socket.pending.find((inode) => !tree.holdsSocket(inode));
    if (client === undefined) return 'mine';
    return {
      // With the inode of that connection: in a running program the next look finds others, and that is no reason to refuse.
      file: `${describeUnix(socket)}, at which ${client} waits`,
      why: 'a connection from outside of the dumped tree is not accepted yet',
      remedy: 'Dump when it is.',
      passes: true,
    };
  },
  [socketState.connected](socket, file, tree) {
    const { inode, peer, shut } = socket;
    if (peer !== 0 && !tree.holdsSocket(peer)) return null;
    if (peer !== 0) return tree.unixSocket(peer)?.peer === inode ? 'mine' : closed(file);
    const listener = tree.listenerOf(inode);
    if (listener === undefined) return shut === bothShut ? 'mine' : null;
    if (!tree.holdsSocket(listener.inode)) return null;
    return tree.borrow(file, hasSent)
      ? {
          ...problem(socket, 'what it has sent waits until its connection is accepted', 'Dump when it is.'),
          passes: true,
        }
      : 'mine';
  },
};

/** One that leads to another has found it by its name, or is an end of a pair. */
function datagram({ inode, peer }: UnixSocket, tree: Tree): Recognition {
  if (peer === 0) return 'mine';
  const other = tree.unixSocket(peer);
  // Plugins come first: they may know more of that peer than its name.
  const canBeLed = tree.options.extUnixSk && other?.name && !tree.serves('DUMP_UNIX_SK');
  if (!tree.holdsSocket(peer)) return canBeLed ? 'mine' : null;
  if (other === undefined) return null;
  return other.peer === inode || other.name !== null
    ? 'mine'
    : problem(other, 'another one leads to it, and it has no name', 'Let the program close it before the dump.');
}

function isNamedElsewhere({ file }: UnixSocket, { pid }: SeenFile): boolean {
  return file !== null && readlinkSync(`/proc/${pid}/root`) !== '/';
}

function hasSent(fd: number): boolean {
  return arena.scope(() => {
    const count = arena.alloc(4);
    syscall('ioctl', fd, unreadBytes, count.address);
    return count.view.getInt32(0, true) > 0;
  });
}

/** Whether a running program has closed a socket since it was seen. */
function isClosed({ pid, fd, link }: SeenFile): boolean {
  if (inodeOfLink(link, 'socket') === null) return false;
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`) !== link;
  } catch {
    return true;
  }
}

function closed({ link }: SeenFile): Problem {
  return { file: link, why: 'it has been closed meanwhile', remedy: 'Dump it again.', passes: true };
}

function problem(socket: UnixSocket, why: string, remedy: string): Problem {
  return { file: describeUnix(socket), why, remedy };
}
