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
    bindPacket(fd, to);
    const send = (length: number): void => sendFrame(sender, Buffer.alloc(length), to);
    if (version === ringVersions.blocks) advanceBlocks(back, memory, send);
    else advanceFrames(back, memory, send);
  } finally {
    closeFd(sender);
  }
}

function advanceFrames({ receiving, version, record, checkAborted }: RingBack, memory: PacketMemory, send: Send): void {
  for (let sent = 0; sent < record.position; sent++) {
    if (sent % 1024 === 0) checkAborted();
    send(1);
  }
  const areThere = (): boolean =>
    readFrames(memory, receiving, version)
      .slice(0, record.position)
      .every(({ status }) => status !== frameStatus.kernel);
  waitUntil(areThere, patience, checkAborted);
}

type Send = (length: number) => void;

/** A long packet ends a block by and by; the last one must end by itself, so that the next is empty. */
function advanceBlocks({ receiving, record, checkAborted }: RingBack, memory: PacketMemory, send: Send): void {
  const { position } = record;
  const last = position - 1;
  const now = (): number => openBlock(readBlocks(memory, receiving)) ?? 0;
  for (let at = now(); at < last; at = now()) {
    checkAborted();
    send(longPacket);
  }
  if (now() === last && readBlocks(memory, receiving)[last]?.packets === 0) send(1);
  waitUntil(() => now() === position, receiving.timeout + patience, checkAborted);
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
