import { trySyscall } from '@criujs/linux';
import { tcpLevel, tcpOption, tcpRepair } from '../../../facts/tcp.ts';
import type { UndoCall } from '../../../machinery/guard/hold-guard.ts';
import { releaseCalls, releaseNetwork } from '../../../network/release.ts';
import { invalid, unsupported } from '../../rules.ts';
import type { DumpContext, OpenFile, SaveContext, SavedFile } from '../dumping.ts';
import { inetEntry } from '../inet/entry.ts';
import type { InetEntry, InetInit } from '../inet/entry-options.ts';
import { inetKind } from '../inet/kind.ts';
import { createInetMaker, type InetMaker, type MadeInet } from '../inet/make.ts';
import type { InetSocket } from '../inet/seen.ts';
import type { FileKind } from '../kind.ts';
import type { FileEntry, LoadContext, Opener } from '../opening.ts';
import type { ImageReader } from '../side-images.ts';
import { socketLevel, socketOption } from '../sockets.ts';
import { connectedStates, type TcpConnection } from './connection.ts';
import { flowOf } from './flow.ts';
import { connectionAt, freeAddresses } from './held.ts';
import { judgeConnection } from './judge.ts';
import { makeConnection } from './make.ts';
import { numberBytes } from './options.ts';
import { connectionOf, streamEntry, streamImage } from './stream-entry.ts';

/** SHUT_RDWR of shutdown(2). */
const bothHalves = 2;

/** What was read of the connections that a dump takes, until it is written. */
const read = new WeakMap<object, Map<number, TcpConnection>>();

/** TCP connections. */
export const tcpConnection: FileKind = inetKind({
  sort: 'tcp-connection',
  name: 'TCP connection',
  describe: [
    {
      subject: 'sockets',
      taken: [
        'TCP connections with what waits in them, to anywhere (`--tcp-established`), or as closed ones (`--tcp-close`)',
      ],
      refused: ['TCP connections with keys (TCP_MD5SIG, TCP_AO), kernel TLS or urgent data'],
    },
  ],
  judge: judgeConnection,
  entry,
  save,
  load,
});

function entry(socket: InetSocket, { id }: OpenFile, context: DumpContext): Partial<InetInit> {
  if (context.tree.options.tcpClose) {
    freeAddresses(context);
    return {};
  }
  const connection = connectionAt(socket, context);
  const own = read.get(context.records) ?? new Map();
  read.set(context.records, own);
  own.set(id, connection);
  return { state: connection.state };
}

function save(files: readonly SavedFile[], { images, records }: SaveContext): void {
  for (const { entry: saved } of files) {
    const connection = read.get(records)?.get(saved.id);
    const inode = saved.isk?.ino;
    if (connection !== undefined && inode !== undefined)
      images.write('TCP_STREAM', streamImage(inode), [streamEntry(connection)]);
  }
}

function load(context: LoadContext): Opener {
  const { entries, options, images } = context;
  if (entries.length === 0) return { open: () => 0 };
  const { tcpEstablished: established } = options;
  const [inventory] = images.read('INVENTORY', 'inventory.img');
  // What was dumped as closed has no more than its addresses.
  const close = options.tcpClose || (inventory?.message.tcpClose ?? false);
  if (!established && !close)
    throw unsupported(
      `${entries.length} TCP connections, which the program had`,
      'Let the restore make them again: --tcp-established (option `tcpEstablished`), or as closed ones: --tcp-close (option `tcpClose`).',
    );
  const maker = createInetMaker(context);
  const locked = inventory?.message;
  const complete = new Map<number, MadeInet>();
  context.beforeItRuns({
    what: 'the network of TCP connections',
    undo: () => void (locked !== undefined && releaseNetwork(locked)),
    // In repair mode whoever uses them would get errors.
    calls: () => [
      ...(complete.size === 0 || locked === undefined ? [] : releaseCalls(locked, context.keep)),
      ...[...complete.values()].flatMap(repairEnd),
    ],
  });
  if (close) return closedOpener(maker);
  const connections = new Map(entries.map((it) => [it.id, readStream(it, images)]));
  const made = new Map<number, MadeInet>();
  return {
    open: (it) =>
      maker.make(it, (socket) => {
        const { named } = socket;
        const there = named.there;
        if (there === null) throw invalid('files.img', `connection ${it.id} leads nowhere`);
        const { here: from, there: to } = flowOf({ here: named.here, there });
        makeConnection(
          {
            fd: socket.fd,
            bind: () => maker.bind(socket),
            connect: () => maker.connect(socket),
            ...{ here: from, there: to },
          },
          connections.get(it.id) as TcpConnection,
        );
        maker.furnish(socket);
        made.set(it.id, socket);
      }),
    afterFork({ id }, fd) {
      const socket = made.get(id);
      if (socket === undefined) return;
      maker.ports.settle(fd, socket.own);
      complete.set(id, { ...socket, fd });
    },
  };
}

/** Ends repair mode: the peer is asked for its window, and answers. The mode has changed SO_REUSEADDR. */
function repairEnd({ fd, own }: MadeInet): UndoCall[] {
  const reuse = numberBytes(own.opts?.reuseaddr ? 1 : 0);
  return [
    ['setsockopt', { fd }, tcpLevel, tcpOption.repair, numberBytes(tcpRepair.off), 4],
    ['setsockopt', { fd }, socketLevel, socketOption.SO_REUSEADDR, reuse, 4],
  ];
}

/** Sockets whose connections are over: whoever reads finds the end, whoever writes gets EPIPE. */
function closedOpener(maker: InetMaker): Opener {
  const made = new Map<number, MadeInet>();
  return {
    open: (it) =>
      maker.make(it, (socket) => {
        maker.furnish(socket);
        // It answers that there is no connection, and shuts it all the same. shutdown(2)
        trySyscall('shutdown', socket.fd, bothHalves);
        made.set(it.id, socket);
      }),
    afterFork({ id }, fd) {
      const socket = made.get(id);
      if (socket !== undefined) maker.ports.settle(fd, socket.own);
    },
  };
}

/** The connection of an entry. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
function readStream(it: FileEntry, images: ImageReader): TcpConnection {
  const { ino, state }: InetEntry = inetEntry(it);
  if (!connectedStates.includes(state))
    throw unsupported(
      `connection ${it.id}, which was in state ${state}`,
      'Dump it again when it is connected, or restore with --tcp-close (option `tcpClose`).',
    );
  const file = streamImage(ino);
  const [first, second] = images.read('TCP_STREAM', file);
  if (first === undefined || second !== undefined) throw invalid(file, 'it has to hold one connection');
  return connectionOf(first.message, first.data ?? new Uint8Array(), state, file);
}
