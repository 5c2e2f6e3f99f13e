import { tcpInfoHead, tcpLevel, tcpOption, tcpRepair } from '../../../facts/tcp.ts';
import { mayHoldNetwork } from '../../../network/hold-connections.ts';
import type { DumpContext, OpenFile } from '../dumping.ts';
import type { Tree } from '../held.ts';
import { wordsOf } from '../inet/address.ts';
import type { InetInit } from '../inet/entry-options.ts';
import { type InetProblem, inetKind } from '../inet/kind.ts';
import { createInetMaker } from '../inet/make.ts';
import type { InetSocket } from '../inet/seen.ts';
import { judgeTcp } from '../inet/tcp.ts';
import { inetWords } from '../inet/words.ts';
import type { FileKind } from '../kind.ts';
import type { LoadContext, Opener } from '../opening.ts';
import { conditions } from '../pipe-content.ts';
import { readOption, readOptionBytes, socketOption } from '../sockets.ts';
import { closedOpener } from './closed.ts';
import { remember, saveStreams } from './kept.ts';
import { openConnection, readStream, refuseUnasked } from './open.ts';
import { setOption } from './options.ts';
import { readConnections } from './read.ts';

/** Both halves: `sk_shutdown` of CRIU's images. */
const bothHalves = 3;
/** POLLERR of poll(2). */
const pollError = 0x8;

/** TCP sockets whose connections are over, closed from both sides or reset, with what came before or an error that the program has not read. */
export const tcpOver: FileKind = inetKind({
  sort: 'tcp-over',
  name: 'TCP connection that is over',
  describe: [],
  judge,
  entry,
  save: saveStreams,
  load,
});

function judge(socket: InetSocket, fd: number, tree: Tree): InetProblem | null {
  const { tcpEstablished: established, tcpClose: close } = tree.options;
  const inner = judgeTcp(socket, fd, tree);
  if (inner !== null || close) return inner;
  if (!established)
    return {
      why: 'its connection is over, and what came before, or an error, waits there for the program',
      remedy: 'Let the dump take it: --tcp-established (option `tcpEstablished`), or --tcp-close (option `tcpClose`).',
    };
  if (!mayHoldNetwork())
    return { why: 'this user may not look into connections', remedy: 'Dump as root, or with CAP_NET_ADMIN.' };
  if (hasError(fd) && !hasAgreed(fd))
    return {
      why: 'it could not be connected, and the program has not been told yet',
      remedy: 'Dump it when the program has read the error.',
      passes: true,
    };
  return null;
}

function hasError(fd: number): boolean {
  return (conditions(fd) & pollError) !== 0;
}

/** Both ends have agreed on something when they connected, as any two do that are not very old. */
function hasAgreed(fd: number): boolean {
  const info = readOptionBytes(fd, tcpOption.info, tcpInfoHead.size, tcpLevel);
  return (info?.readUInt8(tcpInfoHead.options) ?? 0) !== 0;
}

function entry(socket: InetSocket, { id, fd }: OpenFile, context: DumpContext): Partial<InetInit> {
  // As a closed one it has no connection any more.
  if (context.tree.options.tcpClose)
    return { dstPort: 0, dstAddr: wordsOf({ bytes: new Uint8Array(socket.here.bytes.length) }), shutdown: bothHalves };
  const [connection] = readConnections([fd]);
  if (connection !== undefined) remember(context.records, id, connection);
  if (hasError(fd)) {
    context.records.failedConnections.push(id);
    // Asking which one it is would take it away.
    context.session.warn(`${inetWords(socket)}: the error that waits in it is taken to be ECONNRESET`);
  }
  return {};
}

function load(context: LoadContext): Opener {
  const { entries, images } = context;
  if (entries.length === 0) return { open: () => 0 };
  const maker = createInetMaker(context);
  if (refuseUnasked(context)) return closedOpener(maker);
  const connections = new Map(entries.map((it) => [it.id, readStream(it, images)]));
  const failed = new Set(context.records?.failedConnections ?? []);
  return {
    open: (it) =>
      maker.make(it, (socket) => {
        const isFailed = failed.has(it.id);
        openConnection(socket, connections.get(it.id), maker);
        // The reset that has ended it leaves an error, which whoever had read it does not get again.
        if (!isFailed) readOption(socket.fd, socketOption.SO_ERROR);
        setOption(socket.fd, tcpLevel, tcpOption.repair, tcpRepair.offSilently);
        maker.ports.open(socket.fd, socket.own);
        maker.furnish(socket);
      }),
    // Sockets that listen at the same port do so by now: till then all have to share it.
    start({ id }, fd) {
      const own = entries.find((it) => it.id === id)?.isk;
      if (own !== undefined) maker.ports.settle(fd, own);
    },
  };
}
