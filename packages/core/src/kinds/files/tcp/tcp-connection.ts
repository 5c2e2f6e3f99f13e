import { tcpLevel, tcpOption, tcpRepair } from '../../../facts/tcp.ts';
import type { UndoCall } from '../../../machinery/guard/hold-guard.ts';
import { lockOf } from '../../../network/lock.ts';
import { releaseCalls, releaseNetwork } from '../../../network/release.ts';
import type { DumpContext, OpenFile } from '../dumping.ts';
import type { InetInit } from '../inet/entry-options.ts';
import { inetKind } from '../inet/kind.ts';
import { createInetMaker, type MadeInet } from '../inet/make.ts';
import type { InetSocket } from '../inet/seen.ts';
import type { FileKind } from '../kind.ts';
import type { LoadContext, Opener } from '../opening.ts';
import { socketLevel, socketOption } from '../sockets.ts';
import { closedOpener } from './closed.ts';
import { connectionAt, freeAddresses } from './held.ts';
import { judgeConnection } from './judge.ts';
import { remember, saveStreams } from './kept.ts';
import { openConnection, readStream, refuseUnasked } from './open.ts';
import { numberBytes } from './options.ts';

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
  save: saveStreams,
  load,
});

function entry(socket: InetSocket, { id }: OpenFile, context: DumpContext): Partial<InetInit> {
  if (context.tree.options.tcpClose) {
    freeAddresses(context);
    return {};
  }
  const connection = connectionAt(socket, context);
  remember(context.records, id, connection);
  return { state: connection.state };
}

function load(context: LoadContext): Opener {
  const { entries, images, records, keep } = context;
  if (entries.length === 0) return { open: () => 0 };
  const close = refuseUnasked(context);
  const maker = createInetMaker(context);
  const inventory = images.read('INVENTORY', 'inventory.img')[0]?.message;
  const lock = lockOf({ inventory, entries, records });
  const complete = new Map<number, MadeInet>();
  context.beforeItRuns({
    what: 'the network of TCP connections',
    undo: () => void releaseNetwork(lock),
    // In repair mode whoever uses them would get errors.
    calls: () => [
      ...(complete.size === 0 ? [] : releaseCalls(lock, keep)),
      ...[...complete.values()].flatMap(repairEnd),
    ],
  });
  if (close) return closedOpener(maker);
  const connections = new Map(entries.map((it) => [it.id, readStream(it, images)]));
  const made = new Map<number, MadeInet>();
  return {
    open: (it) =>
      maker.make(it, (socket) => {
        openConnection(socket, connections.get(it.id), maker);
        maker.furnish(socket);
        made.set(it.id, socket);
      }),
    afterFork({ id }, fd) {
      const socket = made.get(id);
      if (socket !== undefined) complete.set(id, { ...socket, fd });
    },
    // Sockets that listen at the same port do so by now: till then all have to share it.
    start({ id }, fd) {
      const socket = made.get(id);
      if (socket !== undefined) maker.ports.settle(fd, socket.own);
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
