import { EngineError } from '@criujs/engine-kit';
import { closeFd, duplicate } from '@criujs/linux';
import { tcpLevel, tcpOption, tcpRepair } from '../../../facts/tcp.ts';
import type { UndoCall } from '../../../machinery/guard/hold-guard.ts';
import { holdConnections } from '../../../network/hold-connections.ts';
import type { DumpContext } from '../dumping.ts';
import type { Tree } from '../held.ts';
import { type InetSocket, inetSocketAt } from '../inet/seen.ts';
import { sortOf } from '../inet/sort.ts';
import { inetWords } from '../inet/words.ts';
import { socketLevel, socketOption } from '../sockets.ts';
import { connectedStates, type TcpConnection } from './connection.ts';
import { flowOf } from './flow.ts';
import { numberBytes } from './options.ts';
import { readConnections } from './read.ts';

const known = new WeakMap<Tree, ReadonlyMap<number, TcpConnection>>();

/** A connection of the tree with a descriptor of ours. */
interface Held {
  readonly socket: InetSocket;
  readonly fd: number;
}

/**
 * All connections of the tree by their inodes, read when they are first asked for: from there on none of their packets comes or goes until
 * the tree runs again or, if the dump ends it, until it is restored.
 * @throws EngineError
 */
function connectionsOf(context: DumpContext): ReadonlyMap<number, TcpConnection> {
  const { tree } = context;
  const found = known.get(tree) ?? hold(context);
  known.set(tree, found);
  return found;
}

function hold({ tree, hold: make, records, endsTree, session }: DumpContext): ReadonlyMap<number, TcpConnection> {
  const all: Held[] = [];
  try {
    borrowAll(tree, all);
    session.checkAborted();
    const record = holdConnections(
      {
        flows: all.flatMap(({ socket: { here, there } }) => (there === null ? [] : [flowOf({ here, there })])),
        names: all.map(({ socket }) => inetWords(socket)),
        method: tree.options.tcp.lock,
        endsTree,
        // A socket that is closed in repair mode goes without a word to its peer.
        beforeEnd: all.map(({ fd }): UndoCall => {
          return ['setsockopt', { fd }, tcpLevel, tcpOption.repair, numberBytes(tcpRepair.on), 4];
        }),
      },
      make,
    );
    if (endsTree) records.networkLocks.push(record);
    const read = readConnections(all.map(({ fd }) => fd));
    return new Map(all.map(({ socket }, at) => [socket.inode, read[at] as TcpConnection]));
  } finally {
    for (const { fd } of all) closeFd(fd);
  }
}

/** Adds all connections that can be held, each once. */
function borrowAll(tree: Tree, all: Held[]): void {
  const seen = new Set<number>();
  for (const file of tree.all) {
    const socket = inetSocketAt(file, tree);
    if (socket === null || seen.has(socket.inode) || !isHeld(socket)) continue;
    seen.add(socket.inode);
    all.push({ socket, fd: tree.borrow(file, (fd) => duplicate(fd)) });
  }
}

function isHeld(socket: InetSocket): boolean {
  return (
    sortOf(socket, socket.there !== null) === 'tcp-connection' &&
    !socket.isElsewhere &&
    connectedStates.includes(socket.state)
  );
}

const freed = new WeakSet<Tree>();

/**
 * Lets others have the addresses of connections that end with the tree: the kernel keeps those of each for a minute, and a restore could not
 * make the socket again that listens there.
 */
export function freeAddresses({ tree, hold: make, endsTree }: DumpContext): void {
  if (!endsTree || freed.has(tree)) return;
  freed.add(tree);
  const all: Held[] = [];
  try {
    borrowAll(tree, all);
    const beforeEnd = all.map(({ fd }): UndoCall => {
      return ['setsockopt', { fd }, socketLevel, socketOption.SO_REUSEADDR, numberBytes(1), 4];
    });
    make({ what: 'addresses of TCP connections', undo: [], atCommit: 'kept', beforeEnd }, () => undefined);
  } finally {
    for (const { fd } of all) closeFd(fd);
  }
}

/** The connection of a socket. @throws EngineError */
export function connectionAt({ inode }: InetSocket, context: DumpContext): TcpConnection {
  const found = connectionsOf(context).get(inode);
  if (found === undefined) throw new EngineError('INTERNAL', `connection ${inode} was not read`);
  return found;
}
