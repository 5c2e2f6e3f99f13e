import type { UnixSocket } from '@criujs/linux';
import { among, between, hold, invalid, type Rule } from '../../rules.ts';
import type { FileEntry } from '../opening.ts';
import { ownPart } from '../own-part.ts';

/** The part of an entry that says what a unix socket is. */
export type UnixEntry = NonNullable<FileEntry['usk']>;

/** States of unix sockets: the kernel borrows TCP's. */
export const socketState = { connected: 1, unconnected: 7, listening: 10 } as const;

/** SOCK_* of the types that unix(7) has. */
export const socketTypes = { stream: 1, datagram: 2, packets: 5 } as const;

/** Bytes of sun_path, with the zero byte of one that fills it. unix(7) */
const longestName = 109;

const rules: readonly Rule<UnixEntry>[] = [
  among('the type of a unix socket', ({ type }) => type, Object.values(socketTypes)),
  among('the state of a unix socket', ({ state }) => state, Object.values(socketState)),
  among('the shut halves of a unix socket', ({ shutdown }) => shutdown ?? 0, [0, 1, 2, 3]),
  between('the length of the name of a unix socket', ({ name }) => name.length, 0, longestName),
];

/** A unix socket in words. */
export function describeUnix({ inode, name }: Pick<UnixSocket, 'inode' | 'name'>): string {
  return name === null ? `unix socket ${inode}` : `unix socket ${inode} (${name.replace(/^\0/, '@')})`;
}

/** What an entry says of its socket. @throws EngineError IMAGE_INVALID */
export function unixEntry(entry: FileEntry): UnixEntry {
  return ownPart(entry, 'usk', 'unix socket');
}

/**
 * Holds entries to what can be made again, and gives them by their inodes.
 * @param outside names outside of the tree that datagram sockets lead to, by inodes
 * @throws EngineError IMAGE_INVALID
 */
export function checkSockets(
  entries: readonly FileEntry[],
  outside: ReadonlyMap<number, Uint8Array> = new Map(),
): ReadonlyMap<number, FileEntry> {
  const byInode = new Map<number, FileEntry>();
  for (const entry of entries) {
    const own = unixEntry(entry);
    hold(own, 'files.img', rules);
    if (byInode.has(own.ino)) throw invalid('files.img', `unix socket ${own.ino} is there twice`);
    byInode.set(own.ino, entry);
  }
  for (const entry of entries) {
    const own = unixEntry(entry);
    if (!outside.has(own.peer) || own.type !== socketTypes.datagram) checkPeer(own, byInode);
  }
  return byInode;
}

function checkPeer(own: UnixEntry, byInode: ReadonlyMap<number, FileEntry>): void {
  const { ino, peer, type } = own;
  if (own.state === socketState.listening && (type === socketTypes.datagram || own.name.length === 0 || peer !== 0))
    throw invalid('files.img', `unix socket ${ino} cannot listen`);
  if (peer === 0) return;
  const other = byInode.get(peer);
  if (other === undefined) throw invalid('files.img', `unix socket ${ino} is connected to ${peer}, which is not there`);
  const it = unixEntry(other);
  if (peer === ino || it.type !== type || own.state !== socketState.connected || !leads(own, it))
    throw invalid('files.img', `unix sockets ${ino} and ${peer} cannot be connected to each other`);
}

/** Both ways, or to a name. */
function leads({ ino, type }: UnixEntry, to: UnixEntry): boolean {
  if (to.peer === ino) return to.state === socketState.connected;
  return to.name.length > 0 && (type === socketTypes.datagram || to.state === socketState.listening);
}
