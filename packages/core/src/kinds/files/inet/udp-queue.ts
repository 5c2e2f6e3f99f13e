import { type DatagramRecord, EngineError } from '@criujs/engine-kit';
import { type Ancillary, peekDatagram, readable, type WaitingDatagram } from '@criujs/linux';
import { ancillary } from '../../../facts/inet-packets.ts';
import type { SaveContext } from '../dumping.ts';
import { lookingOn } from '../peek-offset.ts';
import { readOption, socketOption } from '../sockets.ts';

type Kind = (typeof ancillary)[keyof typeof ancillary];

/**
 * The datagrams that wait in a socket, which stay there.
 * @param what the socket, for errors
 * @throws EngineError UNSUPPORTED for what would be lost
 */
export function waitingDatagrams(
  fd: number,
  what: string,
  { hold, session }: Pick<SaveContext, 'hold' | 'session'>,
): DatagramRecord[] {
  if (readable([fd]).length === 0) return [];
  if ((readOption(fd, socketOption.SO_PEEK_OFF) ?? -1) >= 0)
    throw cannot(what, 'it has SO_PEEK_OFF set, and something waits in it');
  const first = peekDatagram(fd);
  if (first === null) return [];
  const all = lookingOn(fd, what, hold, () => everyDatagram(fd));
  // The kernel goes on behind an empty one that somebody has looked at.
  const found = first.bytes.length === 0 ? [first, ...all] : all;
  // Not where it is the first: that one can always be seen.
  if (found.slice(1).some(({ bytes }) => bytes.length === 0))
    session.warn(
      `${what}: an empty datagram waits in it behind another; the kernel shows it to nobody once more, so that a later dump of the same program would lose it`,
    );
  if (found.some(({ isCut }) => isCut)) throw cannot(what, 'more comes along with a datagram than can be looked at');
  return found.flatMap(recordsOf);
}

function everyDatagram(fd: number): WaitingDatagram[] {
  const all: WaitingDatagram[] = [];
  for (let next = peekDatagram(fd); next !== null; next = peekDatagram(fd)) all.push(next);
  return all;
}

/** Several of them where the kernel has joined some (UDP_GRO). */
function recordsOf({ bytes, from, ancillary: along }: WaitingDatagram): DatagramRecord[] {
  const address = find(along, ancillary.info4) ?? find(along, ancillary.info6);
  const common = {
    from: from.toString('hex'),
    to: address === null ? null : Buffer.from(address).toString('hex'),
    ttl: numberOf(along, ancillary.ttl4) ?? numberOf(along, ancillary.ttl6),
    tos: numberOf(along, ancillary.tos4) ?? numberOf(along, ancillary.tos6),
  };
  const size = numberOf(along, ancillary.joined) || bytes.length || 1;
  const count = Math.max(Math.ceil(bytes.length / size), 1);
  return Array.from({ length: count }, (_, at) => {
    return { ...common, data: bytes.subarray(at * size, (at + 1) * size).toString('base64') };
  });
}

function find(along: readonly Ancillary[], { level, type, at, length }: Kind): Uint8Array | null {
  const found = along.find((it) => it.level === level && it.type === type && it.bytes.length >= at + length);
  return found === undefined ? null : found.bytes.subarray(at, at + length);
}

function numberOf(along: readonly Ancillary[], kind: Kind): number | null {
  const bytes = find(along, kind);
  return bytes === null ? null : Buffer.from(bytes).readUIntLE(0, kind.length);
}

function cannot(what: string, why: string): EngineError {
  return new EngineError('UNSUPPORTED', `${what}: ${why}, which is not supported yet`, {
    resource: what,
    remedy: 'Dump it when the program has read what waits there.',
  });
}
