import type { PacketRecord } from '@criujs/engine-kit';
import type { PacketRing, PacketSocket } from '@criujs/linux';
import {
  blockLayout,
  frameLayouts,
  longestAddress,
  membershipType,
  packetLevel,
  packetOption,
  packetType,
  ringVersions,
} from '../../../facts/packet.ts';
import { among, between, hold, invalid, type Rule } from '../../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { Problem } from '../held.ts';
import type { FileKind } from '../kind.ts';
import type { FileEntry, LoadContext, Opener } from '../opening.ts';
import { ownPart } from '../own-part.ts';
import { hasError } from '../pipe-content.ts';
import { longestFilter } from '../socket-filter.ts';
import { optionsEntry } from '../socket-options.ts';
import { inodeOfLink, readOption, readOptionBytes, socketOption } from '../sockets.ts';
import { deviceName } from './device.ts';
import { openPacket, type PacketEntry, protocolOf, ringOf, startPacket } from './open.ts';
import { findPacket, packetProblem, packetWords, recognisePacket } from './recognise.ts';
import { isPossibleRing } from './ring.ts';
import { seeRings } from './rings-seen.ts';
import { readSettings } from './settings.ts';

/** Sockets that see what passes network devices. What waits in their queues is lost, as any packet may be. */
export const packet: FileKind = {
  name: 'packet socket',
  describe: [
    {
      subject: 'sockets',
      taken: [
        'packet sockets: device, protocol, options, filters, memberships, fanout groups, and rings with what waits in them (what waits in their queues is lost, and said)',
      ],
      refused: [
        'packet sockets whose ring of packets to be sent (`PACKET_TX_RING`) has been used, or whose filter is extended BPF',
      ],
    },
  ],
  type: fileTypes.PACKETSK,
  recognise: recognisePacket,
  dump,
  matches: ({ type }) => type === fileTypes.PACKETSK,
  common: ({ psk }) => psk,
  load,
};

function dump({ id, seen, owner, fd }: OpenFile, { records, session }: DumpContext): FilePayload | Problem | null {
  const socket = findPacket(inodeOfLink(seen.link, 'socket') ?? 0);
  if (socket === undefined) return null;
  const rings = seeRings(fd, socket);
  if ('why' in rings) {
    const problem = packetProblem(socket, rings.why, rings.what);
    return rings.passes ? { ...problem, passes: true } : problem;
  }
  const what = `${seen.pid} (${seen.command}) descriptor ${seen.fd}: ${packetWords(socket)}`;
  if (socket.waiting > 0)
    session.warn(`${what}: packets that wait in its queue (${socket.waiting} bytes of memory) do not come back`);
  if (rings.lost > 0)
    session.warn(`${what}: ${rings.lost} packets in the block of its ring that is not full do not come back`);
  const memberships = socket.memberships.flatMap((it) => Array.from({ length: it.count }, () => it));
  const nameOf = (index: number): string => deviceName(fd, index) ?? '';
  records.packets.push({
    id,
    device: socket.device === 0 ? null : nameOf(socket.device),
    memberships: memberships.map(({ device }) => nameOf(device)),
    settings: readSettings(fd),
    filterLocked: readOption(fd, socketOption.SO_LOCK_FILTER) === 1,
    hasError: hasError(fd),
    ring: rings.receiving,
  });
  return {
    psk: {
      ...{ id, type: socket.type, protocol: protocolOf(socket.protocol), flags: seen.flags, ifindex: socket.device },
      ...{ fown: owner, opts: { ...optionsEntry(fd), ...numbersOf(fd) }, version: socket.version },
      ...{ reserve: socket.reserve, auxData: socket.auxdata, origDev: socket.origdev, vnetHdr: socket.vnetHeader },
      ...{ loss: socket.loss, timestamp: socket.timestamps, copyThresh: socket.copyThreshold },
      mclist: memberships.map(({ device, type, address }) => ({ index: device, type, addr: address })),
      ...(socket.fanout === null ? {} : { fanout: fanoutOf(fd, socket.fanout) }),
      ...(socket.receiving === null ? {} : { rxRing: ringEntry(socket.receiving) }),
      ...(socket.sending === null ? {} : { txRing: ringEntry(socket.sending) }),
    },
  };
}

/** Options that CRIU's entry of any socket has. */
function numbersOf(fd: number): Record<'soPriority' | 'soRcvlowat' | 'soMark', number> {
  const { SO_PRIORITY, SO_RCVLOWAT, SO_MARK } = socketOption;
  const read = (option: number): number => (readOption(fd, option) ?? 0) >>> 0;
  return { soPriority: read(SO_PRIORITY), soRcvlowat: read(SO_RCVLOWAT), soMark: read(SO_MARK) };
}

/** The list of sockets leaves out the flags of a group. */
function fanoutOf(fd: number, told: number): number {
  return readOptionBytes(fd, packetOption.FANOUT, 4, packetLevel)?.readUInt32LE(0) ?? told;
}

function ringEntry(
  ring: NonNullable<PacketSocket['receiving']>,
): NonNullable<NonNullable<FilePayload['psk']>['rxRing']> {
  const { blockSize, blocks, frameSize, frames, timeout, privateSize, features } = ring;
  return {
    ...{ blockSize, blockNr: blocks, frameSize, frameNr: frames },
    ...{ retireTmo: timeout, sizeofPriv: privateSize, features },
  };
}

function load({ entries, records, session }: LoadContext): Opener {
  const known = new Map(records?.packets?.map((it) => [it.id, it]));
  for (const entry of entries) check(entryOf(entry), known.get(entry.id));
  return {
    open: (entry) => openPacket(entryOf(entry), known.get(entry.id), session),
    start: (entry, fd) => startPacket(entryOf(entry), known.get(entry.id), fd),
  };
}

function entryOf(entry: FileEntry): PacketEntry {
  return ownPart(entry, 'psk', 'packet socket');
}

const mostMemberships = 4096;

const rules: readonly Rule<PacketEntry>[] = [
  among('the type of a packet socket', ({ type }) => type, [packetType.raw, packetType.datagram]),
  between('the protocol of a packet socket', ({ protocol }) => protocol, 0, 0xffff),
  between('the device of a packet socket', ({ ifindex }) => ifindex, 0, 2 ** 31 - 1),
  between('the version of the rings of a packet socket', ({ version }) => version, 0, ringVersions.last),
  between('the memberships of a packet socket', ({ mclist }) => mclist.length, 0, mostMemberships),
  between('the filter of a packet socket', ({ opts }) => opts.soFilter.length, 0, longestFilter),
];

const membershipRules: readonly Rule<PacketEntry['mclist'][number]>[] = [
  among('the type of a membership', ({ type }) => type, Object.values(membershipType)),
  between('the address of a membership', ({ addr }) => addr.length, 0, longestAddress),
  between('the device of a membership', ({ index }) => index, 0, 2 ** 31 - 1),
];

/** @throws EngineError IMAGE_INVALID */
function check(own: PacketEntry, record: PacketRecord | undefined): void {
  hold(own, 'files.img', rules);
  for (const it of own.mclist) hold(it, 'files.img', membershipRules);
  const rings = [own.rxRing, own.txRing].flatMap((it) => (it === undefined ? [] : [ringOf(it)]));
  if (!rings.every((it) => isPossibleRing(it, own.version)))
    throw invalid('files.img', `a ring of packet socket ${own.id} is as none can be`);
  if (record === undefined) return;
  const ring = own.rxRing === undefined ? null : ringOf(own.rxRing);
  if (record.memberships.length !== own.mclist.length || !fits(record, ring, own.version))
    throw invalid('criujs.json', `it does not say of packet socket ${own.id} what files.img says`);
}

/** Whether what is said to be in a ring fits into it. */
function fits({ ring }: PacketRecord, size: PacketRing | null, version: number): boolean {
  if (ring === null) return true;
  if (size === null) return false;
  const isBlocks = version === ringVersions.blocks;
  const [count, longest] = isBlocks ? [size.blocks, size.blockSize] : [size.frames, size.frameSize];
  const least = isBlocks ? blockLayout.size : frameLayouts[0].size;
  const isPiece = ({ at, bytes }: { readonly at: number; readonly bytes: string }): boolean => {
    const length = Buffer.byteLength(bytes, 'base64');
    return at < count && length >= least && length <= longest && !(isBlocks && at === ring.position);
  };
  return ring.position < count && ring.waiting.length <= count && ring.waiting.every(isPiece);
}
