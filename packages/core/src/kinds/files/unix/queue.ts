import { EngineError, type Records } from '@criujs/engine-kit';
import type { ImageRecordInit } from '@criujs/images';
import {
  type Credentials,
  closeFd,
  hasUrgentByte,
  peekPart,
  readable,
  type UnixSocket,
  type WaitingPart,
} from '@criujs/linux';
import type { Hold } from '../../../machinery/guard/holds.ts';
import { invalid } from '../../rules.ts';
import { lookingOn } from '../peek-offset.ts';
import { hasError, waitingBytes } from '../pipe-content.ts';
import type { ImageReader } from '../side-images.ts';
import { readOption, socketOption } from '../sockets.ts';
import { socketTypes } from './entry.ts';

/** SCM_RIGHTS. unix(7) */
const rights = 1;

/** The image of what waits in sockets. */
export const queuesImage = 'sk-queues.img';

/** Bytes that are looked at in one step. */
const pieceLength = 2 ** 18;

/** RCV_SHUTDOWN: the receiving half is shut. */
const receivingShut = 1;

/** A packet, or a piece of a stream, that waits in a socket. */
export interface WaitingPacket {
  readonly bytes: Uint8Array;
  /** Whose it is, where the socket passes that on; null: nobody asked. */
  readonly credentials: Credentials | null;
  /** The name of the datagram socket that sent it; empty: it had none, or nobody knows. */
  readonly from: Uint8Array;
  /** The files that come with it: the engine's own descriptors when it was found, ids in the images. */
  readonly files: readonly number[];
}

/**
 * What waits in a unix socket, which stays there.
 * @param what the socket, for errors
 * @throws EngineError UNSUPPORTED for what would be lost
 */
export function peekQueue(
  fd: number,
  { type, shut }: Pick<UnixSocket, 'type' | 'shut'>,
  what: string,
  hold: Hold,
): WaitingPacket[] {
  if (readable([fd]).length === 0) return [];
  if (type === socketTypes.stream && hasUrgentByte(fd)) throw cannot(what, 'an urgent byte (MSG_OOB) waits in it');
  const waiting = type === socketTypes.datagram ? null : waitingBytes(fd);
  if (waiting === 0) return [];
  // The first look would take the error in place of a packet.
  if (type === socketTypes.packets && hasError(fd)) throw cannot(what, 'an error waits beside what was sent');
  if ((readOption(fd, socketOption.SO_PEEK_OFF) ?? -1) >= 0)
    throw cannot(what, 'it has SO_PEEK_OFF set, and something waits in it');
  const passes = readOption(fd, socketOption.SO_PASSCRED) === 1;
  if (type === socketTypes.stream && waiting !== null && waiting <= pieceLength) {
    const all = peekPart(fd, waiting, passes);
    if (all !== null && all.bytes.length === waiting && all.descriptors.length === 0) return [packetOf(all, what)];
    all?.descriptors.forEach(closeFd);
  }
  const end = type === socketTypes.packets && (shut & receivingShut) === 0 ? null : waiting;
  return walk(fd, { what, passes, end, inPackets: type !== socketTypes.stream }, hold);
}

interface Walk {
  readonly what: string;
  readonly passes: boolean;
  /** After how many bytes nothing comes any more; null: the kernel says. */
  readonly end: number | null;
  readonly inPackets: boolean;
}

function walk(fd: number, how: Walk, hold: Hold): WaitingPacket[] {
  return lookingOn(fd, how.what, hold, () => parts(fd, how));
}

/**
 * Packets, or pieces of a stream. With which byte of a piece its files were sent the kernel tells nobody who looks; they come with the
 * first one then, as in CRIU.
 */
function parts(fd: number, { what, passes, end, inPackets }: Walk): WaitingPacket[] {
  const packets: WaitingPacket[] = [];
  let seen = 0;
  for (let [begun, begunFiles]: [Uint8Array[], readonly number[]] = [[], []]; ; ) {
    // Another look behind the end of a stream would take an error that waits there.
    const part = !inPackets && end !== null && seen >= end ? null : peekPart(fd, pieceLength, passes);
    if (part === null || (part.bytes.length === 0 && end !== null && seen >= end)) return packets;
    const { bytes, credentials, from, files } = packetOf(part, what);
    // The kernel gives them with each part of a packet.
    if (begun.length > 0) files.forEach(closeFd);
    else begunFiles = files;
    seen += bytes.length;
    begun.push(bytes);
    if (inPackets && part.more > 0) continue;
    packets.push({ bytes: Buffer.concat(begun), credentials, from, files: begunFiles });
    [begun, begunFiles] = [[], []];
  }
}

function packetOf({ bytes, credentials, from, descriptors, hasMore }: WaitingPart, what: string): WaitingPacket {
  const why = hasMore
    ? 'a label of a security module waits in it'
    : descriptors.length > 0 && bytes.length === pieceLength
      ? 'descriptors wait in it among more bytes than are looked at in one step'
      : null;
  if (why === null) return { bytes, from, files: descriptors, credentials: credentials?.pid ? credentials : null };
  descriptors.forEach(closeFd);
  throw cannot(what, why);
}

function cannot(what: string, why: string): EngineError {
  return new EngineError('UNSUPPORTED', `${what}: ${why}, which is not supported yet`, {
    resource: what,
    remedy: 'Dump it when the program has read what waits there.',
  });
}

/**
 * Entries of the image, for the packets of one socket.
 * @param idOf the id of a file that comes with one
 */
export function queueRecords(
  id: number,
  packets: readonly WaitingPacket[],
  idOf: (descriptor: number) => number,
): ImageRecordInit<'SK_QUEUES'>[] {
  return packets.map(({ bytes, files }) => {
    const scm = files.length === 0 ? [] : [{ type: rights, rights: files.map(idOf) }];
    return { message: { idFor: id, length: bytes.length, scm }, data: bytes };
  });
}

/** Ids of the files that come with packets. */
export function idsInFlight(images: ImageReader): number[] {
  return images.read('SK_QUEUES', queuesImage).flatMap(({ message: { scm } }) => scm.flatMap(({ rights: ids }) => ids));
}

/** What waited in each socket, by its id. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function readQueues(
  images: ImageReader,
  records: Records | null,
): ReadonlyMap<number, readonly WaitingPacket[]> {
  const senders = new Map(
    records?.unixSockets?.flatMap(({ id, senders: of }) => of.map(({ at, ...from }) => [`${id}.${at}`, from] as const)),
  );
  const origins = new Map(
    records?.unixSockets?.flatMap(({ id, origins: of }) => of.map(({ at, name }) => [`${id}.${at}`, name] as const)),
  );
  const queues = new Map<number, WaitingPacket[]>();
  for (const { message, data = new Uint8Array() } of images.read('SK_QUEUES', queuesImage)) {
    const { idFor, length, scm } = message;
    if (length !== data.length) throw invalid(queuesImage, `a packet of ${length} bytes has ${data.length}`);
    const strange = scm.find(({ type }) => type !== rights);
    if (strange !== undefined) throw invalid(queuesImage, `something of type ${strange.type} comes with a packet`);
    const own = queues.get(idFor) ?? [];
    const at = `${idFor}.${own.length}` as const;
    own.push({
      bytes: data,
      credentials: senders.get(at) ?? null,
      from: Buffer.from(origins.get(at) ?? '', 'latin1'),
      files: scm.flatMap((it) => it.rights),
    });
    queues.set(idFor, own);
  }
  return queues;
}
