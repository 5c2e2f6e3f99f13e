import { syscall } from '@criujs/linux';
import { openFlag } from '../flags.ts';
import type { FileEntry, LatePlace, LoadContext } from '../opening.ts';
import { socketFamily } from '../sockets.ts';
import { createBinder, type Destination } from './bind.ts';
import { createDoormen, leadTo, listenAs, makeSocket, nameKey } from './connect.ts';
import { sendDatagrams } from './datagrams.ts';
import { socketState, socketTypes, type UnixEntry, unixEntry } from './entry.ts';
import { createFurnisher, type Furnisher } from './furnish.ts';
import { type Connected, connectPair, type Made, type Making, nameIt, putBackPair, withOwn } from './pair.ts';
import type { WaitingPacket } from './queue.ts';

/** F_DUPFD_CLOEXEC of fcntl(2). */
const duplicateFrom = 1030;

/** The unix sockets of a restore. */
export interface SocketStore {
  /** One that was never connected and has no name. */
  openLone(entry: FileEntry): number;
  /** Any other: the first that is asked for makes all. Gives its number at that place. */
  openLate(entry: FileEntry, place: LatePlace): number;
  /** Puts back what waits in them, once all other files are open: these may come with it. Once for all. */
  fill(): void;
}

/** Whether a socket leads to no other, and no other to it. */
export function isLone(entry: FileEntry): boolean {
  const { state, name } = unixEntry(entry);
  return state === socketState.unconnected && name.length === 0;
}

/** @param byInode the entries of all of them, checked */
export function createSocketStore(
  byInode: ReadonlyMap<number, FileEntry>,
  queues: ReadonlyMap<number, readonly WaitingPacket[]>,
  context: Pick<LoadContext, 'records' | 'session' | 'descriptor'> & {
    /** Names outside of the tree, by inodes. */
    readonly outside: ReadonlyMap<number, Uint8Array>;
  },
): SocketStore {
  const furnisher = createFurnisher(queues, context);
  let made: MadeSockets | undefined;
  return {
    openLone(entry) {
      const own = unixEntry(entry);
      const fd = syscall('socket', socketFamily.unix, own.type | openFlag.O_CLOEXEC, 0);
      furnisher.furnish({ own, fd });
      return fd;
    },
    openLate(entry, place) {
      made ??= makeAll(byInode, { furnisher, outside: context.outside }, place);
      return place.call('fcntl', [made.numbers.get(unixEntry(entry).ino) as number, duplicateFrom, 0]);
    },
    fill() {
      made?.fill();
      made = undefined;
    },
  };
}

/** All of them, with numbers of the place that are closed when they are filled. */
interface MadeSockets {
  readonly numbers: ReadonlyMap<number, number>;
  fill(): void;
}

/**
 * Connections first: as long as they are made, nobody of the tree has the names of those that they were made to. Then names, those first
 * that are gone by now: others may have them. Then what leads to names; who listens lets others in at the end.
 */
function makeAll(
  byInode: ReadonlyMap<number, FileEntry>,
  { furnisher, outside }: { readonly furnisher: Furnisher; readonly outside: ReadonlyMap<number, Uint8Array> },
  place: LatePlace,
): MadeSockets {
  const all = [...byInode.values()]
    .filter((entry) => !isLone(entry))
    .map((entry) => ({ entry, own: unixEntry(entry) }))
    .sort((one, other) => Number(other.own.deleted ?? false) - Number(one.own.deleted ?? false));
  const binder = createBinder(place);
  const doormen = createDoormen(place, binder);
  const making: Making = { place, furnisher, binder, doormen, numbers: new Map(), reached: new Map() };
  const { numbers, reached } = making;
  const isMutual = ({ ino, peer }: UnixEntry): boolean => peer !== 0 && byInode.get(peer)?.usk?.peer === ino;
  const listeners = new Set(all.flatMap(({ own }) => (own.state === socketState.listening ? [nameKey(own)] : [])));
  const pairs: Connected[] = [];
  const alone: Made[] = [];
  const waiting: Made[] = [];
  for (const one of all) {
    const { own } = one;
    if (numbers.has(own.ino) || own.state !== socketState.connected || isNamedAlone(own, isMutual(own))) continue;
    if (own.peer === 0 || isMutual(own)) pairs.push(connectPair(making, one, byInode.get(own.peer), listeners));
  }
  doormen.close();
  for (const { entry, own } of all) {
    if (numbers.has(own.ino)) continue;
    const number = makeSocket(place, own.type);
    numbers.set(own.ino, number);
    if (own.name.length > 0) nameIt(making, { entry, own, number });
    (isNamedAlone(own, isMutual(own)) ? alone : waiting).push({ entry, own, number });
  }

  function destinationOf({ peer }: UnixEntry): Destination | undefined {
    const address = outside.get(peer);
    return address === undefined ? reached.get(peer) : { by: 'name', address };
  }

  /** Who has a name gets what waits before it leads to somebody: others could not send it then. */
  function fill(): void {
    for (const pair of pairs) putBackPair(making, pair);
    for (const { entry, own } of alone)
      if (own.type === socketTypes.datagram)
        sendDatagrams(
          furnisher.queueOf(entry),
          { entry, own, to: reached.get(own.ino) as Destination },
          { ...making, bound: alone },
        );
    for (const { entry, own, number } of alone) {
      const record = furnisher.recordOf(entry);
      if (own.state === socketState.listening) listenAs(place, number, own.backlog, record?.peer.pid);
      const to = destinationOf(own);
      if (own.type === socketTypes.datagram && to !== undefined) leadTo(place, number, to, own);
    }
    for (const { entry, own, number } of waiting)
      leadTo(place, number, destinationOf(own) as Destination, own, furnisher.recordOf(entry)?.holder);
    for (const { own, number } of [...alone, ...waiting])
      withOwn(place, [number], ([fd = -1]) => furnisher.furnish({ own, fd }));
    binder.close();
    for (const number of numbers.values()) place.call('close', [number]);
  }

  return { numbers, fill };
}

/** Whether it gets its name before it leads anywhere: not the end of a connection, which has one from whom it leads to. */
function isNamedAlone({ state, type, name }: UnixEntry, isMutual: boolean): boolean {
  if (name.length === 0 || isMutual) return false;
  return state !== socketState.connected || type === socketTypes.datagram;
}
