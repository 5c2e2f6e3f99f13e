import { randomInt } from 'node:crypto';
import { EngineError, type PacketRingRecord } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import { closeFd, type PacketRing, syscall } from '@criujs/linux';
import {
  blockLayout,
  experimentalProtocol,
  frameStatus,
  loopback,
  packetFamily,
  packetLevel,
  packetOption,
  packetType,
  ringVersions,
} from '../../../facts/packet.ts';
import { openFlag } from '../flags.ts';
import { attachFilter } from '../socket-filter.ts';
import { readOptionBytes } from '../sockets.ts';
import { numberOfBlock, openBlock, readBlocks } from './blocks.ts';
import { bindPacket, deviceIndex, type PacketBinding, sendFrame } from './device.ts';
import { giveBack, readFrames } from './frames.ts';
import { frameAt, mapPacketRings, type PacketMemory, type PacketRings } from './ring.ts';

/** What bringing a ring back needs. */
interface RingBack extends Omit<PacketRings, 'receiving'> {
  readonly fd: number;
  readonly receiving: PacketRing;
  readonly record: PacketRingRecord;
  readonly checkAborted: () => void;
}

/** As much as a packet on the loopback device may have, with room for what is put before it. */
const longPacket = 60_000;
/** No more than its mark. */
const shortPacket = 4;
/** Milliseconds that the kernel gets for a packet, beside the time after which it hands a block over. */
const patience = 5_000;
/** So many bytes of statistics has the newest version. */
const statisticsLength = 12;

/**
 * Brings the kernel to a position in the ring of a socket that is bound to nothing yet, by packets that only this socket gets, and puts back
 * what waited there.
 * @throws EngineError KERNEL where there is no loopback device that works
 */
export function bringRingBack(back: RingBack): void {
  const memory = mapPacketRings(back.fd, back);
  try {
    if (back.record.position > 0) advance(back, memory);
    if (back.version === ringVersions.blocks) fillBlocks(back, memory);
    else fillFrames(back, memory);
    // They count what has come since they were last read.
    readOptionBytes(back.fd, packetOption.STATISTICS, statisticsLength, packetLevel);
  } finally {
    memory.unmap();
  }
}

function advance(back: RingBack, memory: PacketMemory): void {
  const { fd, version } = back;
  const device = deviceIndex(fd, loopback);
  if (device === null) throw noLoopback('there is no device lo');
  const to: PacketBinding = { device, protocol: experimentalProtocol };
  const sender = syscall('socket', packetFamily, packetType.datagram | openFlag.O_CLOEXEC, 0);
  try {
    const mark = randomInt(2 ** 32);
    attachFilter(fd, marked(mark));
    bindPacket(fd, to);
    const send = (length: number): void => {
      const bytes = Buffer.alloc(length);
      bytes.writeUInt32BE(mark);
      sendFrame(sender, bytes, to);
    };
    if (version === ringVersions.blocks) advanceBlocks(back, memory, send);
    else advanceFrames(back, memory, send);
  } finally {
    closeFd(sender);
  }
}

/** What another restore sends at the same time does not pass: the first four bytes must be these. linux/filter.h, SKF_NET_OFF */
function marked(mark: number): readonly bigint[] {
  const [loadNetworkWord, isEqualOrSkip, accept, refuse] = [
    0x20n << 48n,
    (0x15n << 48n) | (1n << 32n),
    0x6n << 48n,
    0x6n << 48n,
  ];
  return [loadNetworkWord | 0xfff0_0000n, isEqualOrSkip | BigInt(mark), accept | 0xffff_ffffn, refuse];
}

function advanceFrames({ receiving, version, record, checkAborted }: RingBack, memory: PacketMemory, send: Send): void {
  for (let sent = 0; sent < record.position; sent++) {
    if (sent % 1024 === 0) checkAborted();
    send(shortPacket);
  }
  const areThere = (): boolean =>
    readFrames(memory, receiving, version)
      .slice(0, record.position)
      .every(({ status }) => status !== frameStatus.kernel);
  waitUntil(areThere, patience, checkAborted);
}

type Send = (length: number) => void;

/**
 * A long packet ends a block by and by; the last one must end by itself, so that the next is empty. One packet at a time: on a busy machine
 * the loopback device brings it later, and one too many would be in the next block.
 */
function advanceBlocks(back: RingBack, memory: PacketMemory, sendOne: Send): void {
  const { fd, receiving, record, checkAborted } = back;
  const { position } = record;
  const send = (length: number): void => {
    sendOne(length);
    waitUntil(() => packetsSince(fd) > 0, patience, checkAborted);
  };
  const last = position - 1;
  const now = (): number => openBlock(readBlocks(memory, receiving)) ?? 0;
  for (let at = now(); at < last; at = now()) {
    checkAborted();
    send(longPacket);
  }
  if (now() === last && readBlocks(memory, receiving)[last]?.packets === 0) send(shortPacket);
  waitUntil(() => now() === position, receiving.timeout + patience, checkAborted);
}

/** Packets that have come since they were last counted. packet(7), PACKET_STATISTICS */
function packetsSince(fd: number): number {
  return readOptionBytes(fd, packetOption.STATISTICS, statisticsLength, packetLevel)?.readUInt32LE(0) ?? 0;
}

function fillFrames({ receiving, record }: RingBack, memory: PacketMemory): void {
  const isOlder = record.waiting.length > 0;
  for (let at = 0; at < record.position; at++) giveBack(memory, receiving, at, isOlder);
  for (const { at, bytes } of record.waiting) memory.write(frameAt(receiving, at), Buffer.from(bytes, 'base64'));
}

function fillBlocks({ receiving, record }: RingBack, memory: PacketMemory): void {
  const { blockSize } = receiving;
  const given = Buffer.alloc(4);
  given.writeUInt32LE(frameStatus.kernel);
  for (let at = 0; at < record.position; at++) memory.write(at * blockSize + blockLayout.status, given);
  for (const { at, bytes } of record.waiting) {
    const block = Buffer.from(bytes, 'base64');
    block.writeBigUInt64LE(numberOfBlock(at, record.position), blockLayout.sequence);
    memory.write(at * blockSize, block);
  }
}

function waitUntil(isSo: () => boolean, most: number, checkAborted: () => void): void {
  for (let waited = 0; !isSo(); waited++) {
    checkAborted();
    if (waited >= most) throw noLoopback('packets that are sent there do not come');
    pause(1);
  }
}

function noLoopback(why: string): EngineError {
  return new EngineError('KERNEL', `the ring of a packet socket cannot be brought to its position: ${why}`, {
    remedy: 'Turn the loopback device on (`ip link set lo up`), and restore again.',
  });
}
