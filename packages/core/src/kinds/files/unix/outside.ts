import { socketType } from '@criujs/engine-kit/externals';
import { peerName, type UnixSocket } from '@criujs/linux';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import { socketInode, type UnixSocketInfo } from '@criujs/plugin-sdk';
import type { DumpContext, FilePayload, OpenFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { Holder, Problem, Recognition, SeenFile, Tree } from '../held.ts';
import type { FileKind } from '../kind.ts';
import { waitingBytes } from '../pipe-content.ts';
import { sdkHolder } from '../plugin-holder.ts';
import { optionsEntry } from '../socket-options.ts';
import { describeUnix, socketTypes, type UnixEntry } from './entry.ts';
import { openSocket, putBack } from './open.ts';
import { isExternalPeer, isMarked, nameBytes, peerEntries, unixMark } from './peers.ts';
import { findUnix, unixSocketAt } from './seen.ts';

/**
 * Unix sockets whose peer is outside of the tree: plugins connect them again. Others, a pair of which both ends are in the tree
 * too, plugins are asked for as for any file: for each end by itself.
 */
export const externalUnixSocket: FileKind = {
  name: 'unix socket to outside of the tree',
  describe: [
    {
      subject: 'sockets',
      refused: ['unix sockets with connections from or to outside of the tree that are not accepted yet'],
    },
    { subject: 'through plugins', taken: ['unix sockets to a service outside of the tree (`DUMP_UNIX_SK`)'] },
  ],
  type: fileTypes.UNIXSK,
  plugins: {
    hook: 'DUMP_UNIX_SK',
    question: askAbout,
    unclaimed: (file, tree, why) =>
      refuse(
        unixSocketAt(file, tree),
        `its other end is outside of the dumped tree, and ${why}`,
        remedyFor(unixSocketAt(file, tree), tree),
      ),
  },
  recognise,
  dump: dumpSocket,
  save(files, context) {
    for (const peer of peerEntries(files, context)) context.addFirst(peer);
  },
  matches: ({ type, usk }) => type === fileTypes.UNIXSK && (usk === undefined || isMarked(usk)),
  isOpenFile: (entry) => !isExternalPeer(entry),
  common: ({ usk }) => usk,
  load: (context) => ({
    open: (entry) => openSocket(entry, context),
    afterFork: (entry, fd) => putBack(entry, fd, context),
  }),
};

function recognise(file: SeenFile, tree: Tree): Recognition {
  const socket = findUnix(file, tree);
  if (socket === undefined) return null;
  const why = whyNot(socket);
  return why === null ? 'mine' : refuse(socket, why, 'Let the program close it before the dump.');
}

/** Who sends datagrams to a name can be connected to it again without anybody's help. */
function remedyFor({ type, peer }: UnixSocket, tree: Tree): string {
  const plugin = 'Load a plugin with a DUMP_UNIX_SK hook: --plugin NAME.';
  if (type !== socketTypes.datagram || !tree.unixSocket(peer)?.name) return plugin;
  return `Let the restore connect it to the same name again: --ext-unix-sk (option \`extUnixSk\`). Or: ${plugin}`;
}

/** Why it cannot be connected again; null: its peer is a living socket outside of the tree. */
function whyNot(socket: UnixSocket): string | null {
  if (socketType(socket.type) === null) return `unix sockets of type ${socket.type} are not supported`;
  return socket.peer === 0 ? 'its other end, outside of the tree, has not accepted it yet' : null;
}

function refuse(socket: UnixSocket, why: string, remedy: string): Problem {
  return { file: describeUnix(socket), why, remedy };
}

/** Without a descriptor of our own the kernel's list of sockets tells the name of the peer. */
function askAbout(seen: SeenFile, holders: readonly Holder[], tree: Tree): ResourceQuestion {
  const found = unixSocketAt(seen, tree);
  const peer = tree.unixSocket(found.peer)?.name ?? null;
  return {
    hook: 'DUMP_UNIX_SK',
    args: { inode: socketInode(found.inode), socket: socketInfo(found, peer, seen, holders) },
  };
}

function socketInfo(
  { type, name }: UnixSocket,
  peerName: string | null,
  { flags }: SeenFile,
  holders: readonly Holder[],
): UnixSocketInfo {
  return {
    type: socketType(type) ?? 'stream',
    name,
    peerName,
    state: 'connected',
    flags,
    holders: holders.map(sdkHolder),
  };
}

function dumpSocket(file: OpenFile, { session, tree, records }: DumpContext): FilePayload | null {
  const { id, seen, holders, owner, fd } = file;
  const found = unixSocketAt(seen, tree);
  const { inode } = found;
  const socket = socketInfo(found, peerName(fd), seen, holders);
  const resource = `${seen.pid} (${seen.command}) descriptor ${seen.fd}: ${describeUnix(found)}`;
  const answer = session.hooks.call('DUMP_UNIX_SK', { fd, inode: socketInode(inode), socket }, { resource });
  if (!answer.claimed) return null;
  warnOfWaiting(fd, resource, answer.plugin, session.warn);
  records.sockets.push({ id, inode, provider: { name: answer.plugin, version: answer.version ?? null }, socket });
  return { usk: { ...entryOf(found), id, flags: seen.flags, fown: owner, opts: optionsEntry(fd) } };
}

/** What the peer had sent and the program has not read goes with the socket: only the plugin could have kept it. */
function warnOfWaiting(fd: number, resource: string, plugin: string, warn: (message: string) => void): void {
  const waiting = waitingBytes(fd);
  if (waiting === 0) return;
  warn(`${resource}: ${waiting} bytes that the program had not read yet are lost unless plugin ${plugin} keeps them`);
}

function entryOf({
  inode,
  type,
  state,
  peer,
  name,
}: UnixSocket): Pick<UnixEntry, 'ino' | 'type' | 'state' | 'uflags' | 'backlog' | 'peer' | 'name'> {
  return { ino: inode, type, state, uflags: unixMark.callback, backlog: 0, peer, name: nameBytes(name) };
}
