import { addressOf } from '@criujs/linux';
import { unsupported } from '../../rules.ts';
import type { FileInit, SaveContext, SavedFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { FileEntry, LoadContext } from '../opening.ts';
import { nobody } from '../owner.ts';

/** Marks of unix sockets in images: one outside of the tree, whose name is all that is kept; one that a plugin connects again. */
export const unixMark = { external: 1, callback: 4 } as const;

/** What CRIU writes of a socket that it only names, whatever it is: a datagram socket that listens. criu/sk-unix.c */
const named = { type: 2, state: 10, uflags: unixMark.external, backlog: 0, peer: 0, flags: 0 } as const;

const noOptions = {
  soSndbuf: 0,
  soRcvbuf: 0,
  soSndTmoSec: 0n,
  soSndTmoUsec: 0n,
  soRcvTmoSec: 0n,
  soRcvTmoUsec: 0n,
} as const;

/** Whether an entry only names the other end of a connection; no process has it open. */
export function isExternalPeer({ usk }: Pick<FileEntry, 'usk'>): boolean {
  return usk !== undefined && (usk.uflags & unixMark.external) !== 0;
}

/** Whether a plugin or something outside of the tree makes it: those inside of the tree have none of these marks. */
export function isMarked({ uflags }: NonNullable<FileEntry['usk']>): boolean {
  return (uflags & (unixMark.callback | unixMark.external)) !== 0;
}

/** Entries of the other ends, outside of the tree, of the sockets that plugins took: CRIU wants to know them by their inodes. */
export function peerEntries(files: readonly SavedFile[], { tree, nextId }: SaveContext): FileInit[] {
  const peers = new Set(files.flatMap(({ entry: { usk } }) => usk?.peer ?? []));
  return [...peers].map((ino) => {
    const id = nextId();
    const name = nameBytes(tree.unixSocket(ino)?.name ?? null);
    return { type: fileTypes.UNIXSK, id, usk: { ...named, id, ino, name, fown: nobody, opts: noOptions } };
  });
}

/** A path ends with a zero byte, an abstract name begins with one. unix(7). */
export function nameBytes(name: string | null): Uint8Array {
  if (name === null) return new Uint8Array();
  return Buffer.from(name.startsWith('\0') ? name : `${name}\0`);
}

/**
 * Names outside of the tree to which sockets lead that no plugin connects, by the inodes that had them.
 * @throws EngineError UNSUPPORTED where the user has not allowed that
 */
export function namesOutside({
  all,
  entries,
  options,
}: Pick<LoadContext, 'all' | 'entries' | 'options'>): ReadonlyMap<number, Uint8Array> {
  const peers = new Set(entries.flatMap(({ usk }) => usk?.peer || []));
  const names = new Map(
    [...all()].flatMap(({ usk }) =>
      usk !== undefined && isExternalPeer({ usk }) && peers.has(usk.ino)
        ? [[usk.ino, addressOf(usk.name)] as const]
        : [],
    ),
  );
  const [first] = names.values();
  if (first === undefined || options.extUnixSk) return names;
  throw unsupported(
    `a unix socket leads to ${Buffer.from(first).toString().replace(/^\0/, '@')}, outside of the tree`,
    'Let the restore connect it again: --ext-unix-sk (option `extUnixSk`).',
  );
}
