import type { PacketRingRecord } from '@criujs/engine-kit';
import type { PacketRing, PacketSocket } from '@criujs/linux';
import { frameStatus, ringVersions } from '../../../facts/packet.ts';
import { openBlock, readBlocks } from './blocks.ts';
import { latestStamp, nextFrame, readFrames, type WaitingPiece, waitingFrames } from './frames.ts';
import { bytesOfRing, mapPacketRings, type PacketMemory, type PacketRings } from './ring.ts';

/** Why rings cannot be brought back, and what the program may do about it. */
export interface RingTrouble {
  readonly why: string;
  readonly what: string;
  readonly passes?: true;
}

/** What is to be known of the rings of a packet socket. */
export interface SeenRings {
  /** Where the kernel goes on in the ring of received packets, and what waits there; null: there is none, or nothing was ever in it. */
  readonly receiving: PacketRingRecord | null;
  /** Packets in a block that has not been handed over. */
  readonly lost: number;
}

/** All that waits is kept in memory, and in criujs.json, which has at most 3 MiB in one piece. */
const mostWaiting = 8 * 2 ** 20;
const longestPiece = 3 * 2 ** 20;

/** Looks at the memory of rings while nobody gives anything back. The kernel may go on: what comes meanwhile comes too late. */
export function seeRings(fd: number, rings: PacketRings & Pick<PacketSocket, 'timestamps'>): SeenRings | RingTrouble {
  const { receiving, sending, version } = rings;
  if (receiving === null && sending === null) return { receiving: null, lost: 0 };
  const memory = mapPacketRings(fd, rings);
  try {
    if (sending !== null && isUsed(memory, bytesOfRing(receiving), sending))
      return {
        why: 'nothing tells how far the kernel is in its ring of packets to be sent, which has been used',
        what: 'close it, or make a new one,',
      };
    if (receiving === null) return { receiving: null, lost: 0 };
    return version === ringVersions.blocks
      ? seeBlocks(memory, receiving)
      : seeFrames(memory, receiving, version, rings.timestamps === 0);
  } finally {
    memory.unmap();
  }
}

function isUsed(memory: PacketMemory, from: number, { blockSize, blocks }: PacketRing): boolean {
  const nothing = Buffer.alloc(blockSize);
  return Array.from({ length: blocks }, (_, at) => at).some(
    (at) => !memory.read(from + at * blockSize, blockSize).equals(nothing),
  );
}

/** @param isClock whether times in frames are of the clock of this machine */
function seeFrames(memory: PacketMemory, ring: PacketRing, version: number, isClock: boolean): SeenRings | RingTrouble {
  const first = readFrames(memory, ring, version);
  const position = nextFrame(first, isClock ? latestStamp(version) : null);
  if (position === null)
    return {
      why: 'the times of the packets in its ring do not tell where the kernel goes on',
      what: 'read on until the ring has gone round once more, or make a new one,',
      passes: true,
    };
  // The kernel may have been about to hand one over: it is through by now.
  const waiting = readFrames(memory, ring, version).flatMap(({ status, stamp }, at) =>
    status !== frameStatus.kernel && stamp === first[at]?.stamp ? [at] : [],
  );
  if (waiting.length * ring.frameSize > mostWaiting) return tooMuch();
  const isNew = position === 0 && waiting.length === 0 && first.every(({ stamp }) => stamp === 0n);
  return { receiving: isNew ? null : record(position, waitingFrames(memory, ring, version, waiting)), lost: 0 };
}

function seeBlocks(memory: PacketMemory, ring: PacketRing): SeenRings | RingTrouble {
  const blocks = readBlocks(memory, ring);
  const position = openBlock(blocks);
  if (position === null)
    return { why: 'each block of its ring waits to be read', what: 'read what waits there', passes: true };
  const waiting = blocks.flatMap(({ status }, at) => (status === frameStatus.kernel ? [] : [at]));
  const isNew = position === 0 && waiting.length === 0;
  const lost = blocks[position]?.packets ?? 0;
  if (isNew) return { receiving: null, lost };
  if (ring.privateSize > 0)
    return { why: 'what the program has in private parts of the blocks of its ring would be lost', what: 'close it' };
  const pieces = waiting.map((at) => {
    const length = Math.min(blocks[at]?.length ?? 0, ring.blockSize);
    return { at, bytes: memory.read(at * ring.blockSize, length) };
  });
  const lengths = pieces.map(({ bytes }) => bytes.length);
  if (lengths.some((it) => it > longestPiece) || lengths.reduce((a, b) => a + b, 0) > mostWaiting) return tooMuch();
  return { receiving: record(position, pieces), lost };
}

function tooMuch(): RingTrouble {
  return {
    why: `too much waits in its ring: more than ${longestPiece >> 20} MiB in a block, or ${mostWaiting >> 20} MiB`,
    what: 'read what waits there',
    passes: true,
  };
}

function record(position: number, waiting: readonly WaitingPiece[]): PacketRingRecord {
  return { position, waiting: waiting.map(({ at, bytes }) => ({ at, bytes: bytes.toString('base64') })) };
}
