import { closeFd } from '@criujs/linux';
import type { FileEntry, LatePlace } from '../opening.ts';
import type { Binder, Destination } from './bind.ts';
import { type Doormen, makePair, makeSocket, nameKey } from './connect.ts';
import { socketState, socketTypes, type UnixEntry, unixEntry } from './entry.ts';
import type { End, Furnisher } from './furnish.ts';

/** One that is made: its number in the place. */
export interface Made {
  readonly entry: FileEntry;
  readonly own: UnixEntry;
  readonly number: number;
}

/** What making all of them needs. */
export interface Making {
  readonly place: LatePlace;
  readonly furnisher: Furnisher;
  readonly binder: Binder;
  readonly doormen: Doormen;
  readonly numbers: Map<number, number>;
  /** Where those that have a name of their own can be reached, by their inodes. */
  readonly reached: Map<number, Destination>;
}

/** Gives a socket the name that it had. */
export function nameIt({ binder, numbers, reached, furnisher }: Making, { entry, own, number }: Made): Destination {
  const movedTo = furnisher.recordOf(entry)?.movedTo ?? null;
  const at = own.deleted ? binder.bindHidden({ own, number }, movedTo) : binder.bind({ own, number });
  numbers.set(own.ino, number);
  reached.set(own.ino, at);
  return at;
}

/** A connection, and the numbers of its ends in the place. */
export interface Connected {
  readonly one: Omit<End, 'fd'>;
  /** undefined: the other end was closed, and is closed again when what waits is put back. */
  readonly other: FileEntry | undefined;
  readonly here: number;
  readonly there: number;
}

/** Makes both ends of a connection; of one whose other end is closed, too. */
export function connectPair(
  making: Making,
  one: Omit<End, 'fd'>,
  other: FileEntry | undefined,
  listeners: ReadonlySet<string>,
): Connected {
  const { place, furnisher, doormen, numbers } = making;
  const record = furnisher.recordOf(one.entry);
  const peer: UnixEntry = other ? unixEntry(other) : closedPeer(one.own, record?.peerName ?? null);
  const [here, there] = connected();
  numbers.set(one.own.ino, here);
  if (other !== undefined) numbers.set(peer.ino, there);
  return { one, other, here, there };

  function connected(): readonly [number, number] {
    if (one.own.type === socketTypes.datagram || (one.own.name.length === 0 && peer.name.length === 0)) {
      const pair = makePair(place, one.own.type, record?.peer.pid);
      if (one.own.name.length > 0) nameIt(making, { ...one, number: pair[0] });
      if (other !== undefined && peer.name.length > 0) nameIt(making, { entry: other, own: peer, number: pair[1] });
      return pair;
    }
    const isServer = peer.name.length === 0 || (one.own.name.length > 0 && listeners.has(nameKey(one.own)));
    const told = other && furnisher.recordOf(other);
    const [client, server] = isServer ? [{ entry: other, own: peer }, one] : [one, { entry: other, own: peer }];
    const makers = isServer
      ? { client: record?.peer.pid, server: told?.peer.pid }
      : { client: told?.peer.pid, server: record?.peer.pid };
    const number = makeSocket(place, one.own.type);
    if (client.own.name.length > 0 && client.entry !== undefined)
      nameIt(making, { entry: client.entry, own: client.own, number });
    const accepted = doormen.connect(number, server.own, makers);
    return isServer ? [accepted, number] : [number, accepted];
  }
}

/** Puts back what waits in both ends, and all else that they had. */
export function putBackPair({ place, furnisher }: Making, { one, other, here, there }: Connected): void {
  withOwn(place, [here, there], ([fd = -1, through = -1]) => {
    const peer = other === undefined ? null : { entry: other, own: unixEntry(other), fd: through };
    furnisher.putBack({ ...one, fd }, peer, through, place.now);
  });
  if (other === undefined) place.call('close', [there]);
}

/** The other end of a connection, which is closed: all that is known of it is its name. */
function closedPeer(own: UnixEntry, name: string | null): UnixEntry {
  return { ...own, ino: 0, peer: 0, state: socketState.connected, name: Buffer.from(name ?? '', 'latin1') };
}

/** Lends descriptors of the engine's own, of what the place has. */
export function withOwn(place: LatePlace, numbers: readonly number[], use: (fds: readonly number[]) => void): void {
  const fds = numbers.map((number) => place.fetch(number));
  try {
    use(fds);
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}
