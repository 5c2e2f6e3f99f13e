import { EngineError, type UnixRecord } from '@criujs/engine-kit';
import { peerAddress, peerCredentials, type UnixSocket } from '@criujs/linux';
import type { DumpContext, FilePayload, OpenFile, SaveContext, SavedFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { Tree } from '../held.ts';
import { keepPlace } from '../keep-place.ts';
import type { FileKind } from '../kind.ts';
import { hasError } from '../pipe-content.ts';
import { optionsEntry } from '../socket-options.ts';
import { checkSockets, describeUnix, socketState, socketTypes } from './entry.ts';
import { findName } from './names.ts';
import { isMarked, namesOutside, peerEntries } from './peers.ts';
import { queueRecords, queuesImage, readQueues } from './queue.ts';
import { recogniseInside } from './recognise.ts';
import { unixSocketAt } from './seen.ts';
import { createSocketStore, isLone } from './store.ts';

/** Unix sockets whose other ends are in the tree, or were closed, those that listen, and those that were never connected. */
export const unixInside: FileKind = {
  name: 'unix socket inside of the tree',
  describe: [
    {
      subject: 'sockets',
      taken: [
        'unix datagram sockets that lead to a name outside of the tree (`--ext-unix-sk`)',
        'unix sockets between processes of the tree: pairs, with names of every kind, that listen, with connections not accepted yet and what waits in them, also files (`SCM_RIGHTS`)',
      ],
    },
  ],
  type: fileTypes.UNIXSK,
  madeAnew: true,
  recognise: recogniseInside,
  dump: dumpSocket,
  save,
  matches: ({ type, usk }) => type === fileTypes.UNIXSK && usk !== undefined && !isMarked(usk),
  common: ({ usk }) => usk,
  load(context) {
    const outside = namesOutside(context);
    const sockets = checkSockets(context.entries, outside);
    const queues = context.entries.length === 0 ? new Map() : readQueues(context.images, context.records);
    const store = createSocketStore(sockets, queues, { ...context, outside });
    return {
      // The process that is to be told as the maker of a connection does not exist yet.
      open: (entry) => (isLone(entry) ? store.openLone(entry) : keepPlace()),
      isLate: (entry) => !isLone(entry),
      openLate: store.openLate,
      afterFork: store.fill,
    };
  },
};

function dumpSocket({ id, seen, owner, fd }: OpenFile, { tree }: DumpContext): FilePayload {
  const socket = unixSocketAt(seen, tree);
  const { inode, type, state, peer, shut, backlog } = socket;
  const listener = peer === 0 ? tree.listenerOf(inode) : undefined;
  return {
    usk: {
      ...{ id, ino: inode, type, state, peer: listener?.inode ?? peer, uflags: 0, backlog },
      ...findName({ pid: seen.pid, fd }, socket).entry,
      ...(shut !== 0 && { shutdown: shut }),
      ...{ flags: seen.flags, fown: owner, opts: optionsEntry(fd) },
    },
  };
}

/** What waits in them and who sent it, and whom they tell as the maker of their other end. */
function save(files: readonly SavedFile[], context: SaveContext): void {
  const { tree, images, records, idOf, packetsOf, addFirst } = context;
  const leadOut = files.filter(({ entry: { usk } }) => usk !== undefined && isOutside(usk.peer ?? 0, tree));
  for (const peer of peerEntries(leadOut, context)) addFirst(peer);
  const entries = files.flatMap(({ entry: { id, usk }, file, holder }) => {
    if (holder === null) return [];
    const socket = unixSocketAt(file, tree);
    return tree.borrow(holder, (fd) => {
      // It reports an error where something unread was closed with its other end.
      const isReset = socket.peer === 0 && socket.type !== socketTypes.datagram && hasError(fd);
      const packets = packetsOf(socket.inode);
      if (packets.length > 0 && socket.name === null && isOutside(socket.peer, tree)) throw unreachable(socket);
      if (socket.state !== socketState.unconnected || socket.name !== null)
        records.unixSockets.push({
          ...recordOf(fd, socket),
          id,
          isReset,
          holder: holder.pid,
          movedTo: usk?.deleted ? findName({ pid: holder.pid, fd }, socket).movedTo : null,
          senders: packets.flatMap(({ credentials }, at) => (credentials === null ? [] : [{ at, ...credentials }])),
          origins: packets.flatMap(({ from }, at) => (from.length === 0 ? [] : [{ at, name: latin(from) }])),
        });
      return queueRecords(id, packets, (file) => idOf({ pid: process.pid, fd: file }) as number);
    });
  });
  if (entries.length > 0) images.write('SK_QUEUES', queuesImage, entries);
}

function isOutside(peer: number, tree: Tree): boolean {
  return peer !== 0 && !tree.holdsSocket(peer);
}

/** Nobody else could send it again. */
function unreachable(socket: UnixSocket): EngineError {
  return new EngineError(
    'UNSUPPORTED',
    `${describeUnix(socket)}: what was sent to it from outside of the tree would be lost`,
    {
      resource: describeUnix(socket),
      remedy: 'Dump it when the program has read what waits there.',
    },
  );
}

function recordOf(fd: number, { peer }: UnixSocket): Pick<UnixRecord, 'peer' | 'peerName'> {
  const address = peer === 0 ? peerAddress(fd) : null;
  return { peer: peerCredentials(fd), peerName: address === null ? null : latin(address) };
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
