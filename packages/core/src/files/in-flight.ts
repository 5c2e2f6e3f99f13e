import { closeFd, peekPart, pidfdOpen, readable, type UnixSocket } from '@criujs/linux';
import type { Holder, SeenFile, Tree } from '../kinds/files/held.ts';
import { hasError } from '../kinds/files/pipe-content.ts';
import { seeFilesAt } from '../kinds/files/seen.ts';
import { socketState } from '../kinds/files/unix/entry.ts';
import { peekQueue, type WaitingPacket } from '../kinds/files/unix/queue.ts';
import { findUnix } from '../kinds/files/unix/seen.ts';
import type { Hold } from '../machinery/guard/holds.ts';
import { isClosed } from './tree.ts';

/** What waits in the unix sockets of a tree, and the files that come with it: SCM_RIGHTS of unix(7). */
export interface InFlight {
  /** These files, at descriptors of the engine's own: nobody else may have them. */
  readonly files: readonly SeenFile[];
  /** What waits in the socket with this inode. */
  packetsOf(inode: number): readonly WaitingPacket[];
  /** A descriptor of the engine's own process, where it has such files. */
  pidfd(): number;
  /** The descriptor of the tree that has the socket in which a file waits, and that socket in words. */
  carrierOf(descriptor: number): { readonly holder: Holder; readonly socket: string } | undefined;
  close(): void;
}

/**
 * Looks at what waits in all unix sockets, also in those that wait themselves. It stays there.
 * @param files all descriptors of a tree that stands still
 * @throws EngineError UNSUPPORTED for what would be lost
 */
export function findInFlight(files: readonly SeenFile[], tree: Tree, hold: Hold): InFlight {
  const found: SeenFile[] = [];
  const packets = new Map<number, readonly WaitingPacket[]>();
  const carriers = new Map<number, { readonly holder: Holder; readonly socket: string }>();
  let pidfd: number | undefined;
  const close = (): void => {
    for (const { fd } of found.splice(0)) closeFd(fd);
    if (pidfd !== undefined) closeFd(pidfd);
    pidfd = undefined;
  };

  function look(file: SeenFile): SeenFile[] {
    const socket = queueIn(file, tree);
    if (socket === undefined || packets.has(socket.inode)) return [];
    const carrier = carriers.get(file.pid === process.pid ? file.fd : -1);
    const holder = carrier?.holder ?? file;
    const what = `unix socket ${socket.inode} (descriptor ${holder.fd} of process ${holder.pid})`;
    const waiting = peek(file, (fd) => peekQueue(fd, socket, what, hold));
    packets.set(socket.inode, waiting);
    const descriptors = waiting.flatMap((packet) => packet.files);
    for (const fd of descriptors) carriers.set(fd, { holder, socket: `unix socket ${socket.inode}` });
    const seen = seeFilesAt({ pid: process.pid, command: file.command }, descriptors);
    found.push(...seen);
    return seen;
  }

  /** What the engine has itself it need not borrow. */
  function peek<T>(file: SeenFile, use: (fd: number) => T): T {
    return file.pid === process.pid ? use(file.fd) : tree.borrow(file, use);
  }

  try {
    for (let next: readonly SeenFile[] = files; next.length > 0; ) next = next.flatMap(look);
  } catch (error) {
    close();
    throw error;
  }
  return {
    files: found,
    pidfd() {
      pidfd ??= pidfdOpen(process.pid);
      return pidfd;
    },
    packetsOf: (inode) => packets.get(inode) ?? [],
    carrierOf: (descriptor) => carriers.get(descriptor),
    close,
  };
}

/** The unix socket that a file is, if something can wait in it: where connections wait nothing else does. */
function queueIn(file: SeenFile, tree: Tree): UnixSocket | undefined {
  const socket = findUnix(file, tree);
  return socket?.state === socketState.listening ? undefined : socket;
}

/**
 * Whether files may be on their way in a tree that runs: something waits in a unix socket; `seen`: with files in front. Nothing is changed.
 * @throws EngineError NOT_PERMITTED
 */
export function mayCarryFiles(tree: Tree): { readonly some: boolean; readonly seen: boolean } {
  const sockets = new Map<number, SeenFile>();
  for (const file of tree.all) {
    const socket = queueIn(file, tree);
    if (socket !== undefined) sockets.set(socket.inode, file);
  }
  const found = [...sockets.values()].map((file) => lookAt(file, tree));
  return { some: found.includes('something') || found.includes('files'), seen: found.includes('files') };
}

/** What is closed meanwhile may have carried anything. */
function lookAt(file: SeenFile, tree: Tree): ReturnType<typeof looks> {
  try {
    return tree.borrow(file, looks);
  } catch (error) {
    if (isClosed(error)) return 'something';
    throw error;
  }
}

function looks(fd: number): 'nothing' | 'something' | 'files' {
  if (readable([fd]).length === 0) return 'nothing';
  // An error would be taken away.
  if (hasError(fd)) return 'something';
  const part = peekPart(fd, 1, false);
  part?.descriptors.forEach(closeFd);
  return part !== null && part.descriptors.length > 0 ? 'files' : 'something';
}
