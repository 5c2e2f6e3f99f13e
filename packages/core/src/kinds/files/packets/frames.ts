import type { PacketRing } from '@criujs/linux';
import { frameLayouts, frameStatus } from '../../../facts/packet.ts';
import { frameAt, type PacketMemory } from './ring.ts';

/** A frame of a ring of version 1 or 2, as its head has it. */
export interface SeenFrame {
  readonly status: number;
  /** When the kernel wrote it, in a unit of the version; 0: it never did. */
  readonly stamp: bigint;
}

/** A frame or a block that the program has not given back. */
export interface WaitingPiece {
  readonly at: number;
  readonly bytes: Buffer;
}

type FrameLayout = (typeof frameLayouts)[number];

function layoutOf(version: number): FrameLayout {
  return version === 0 ? frameLayouts[0] : frameLayouts[1];
}

/** The heads of all frames. */
export function readFrames(memory: PacketMemory, ring: PacketRing, version: number): SeenFrame[] {
  const layout = layoutOf(version);
  const perBlock = Math.floor(ring.blockSize / ring.frameSize);
  return Array.from({ length: ring.blocks }, (_, block) => {
    const bytes = memory.read(block * ring.blockSize, ring.blockSize);
    return Array.from({ length: perBlock }, (_, which) => {
      const at = which * ring.frameSize;
      const part = (where: number): number => bytes.readUInt32LE(at + where);
      return {
        status: part(layout.status),
        stamp: BigInt(part(layout.seconds)) * layout.second + BigInt(part(layout.fraction)),
      };
    });
  }).flat();
}

/** Processors stamp packets before they take turns at the ring: times go back a little there. Where they go back by more, it is unclear. */
const clearly = 16n;

/**
 * Which frame the kernel fills next: it fills them one after the other and writes into each when it did, so that the next is the one before
 * which times go back the most; and those that the program has not given back end before it. null: they do not tell, such as after a step
 * of the clock.
 * @param latest no frame was written after that; null: the times are of another clock
 */
export function nextFrame(frames: readonly SeenFrame[], latest: bigint | null = null): number | null {
  const stampOf = (at: number): bigint => frames[(at + frames.length) % frames.length]?.stamp ?? 0n;
  const steps = frames.map((_, at) => ({ at, by: stampOf(at - 1) - stampOf(at) })).filter(({ by }) => by > 0n);
  const [most, second] = steps.sort((a, b) => (a.by < b.by ? 1 : -1));
  if (most === undefined) return frames.length === 1 || stampOf(0) === 0n ? 0 : null;
  if (second !== undefined && second.by * clearly > most.by) return null;
  if (latest !== null && stampOf(most.at - 1) > latest) return null;
  const end = endOfWaiting(frames);
  return end === null || end === most.at ? most.at : null;
}

/** The frame behind those that wait; null: none waits, all do, or they lie apart since some were given back out of turn. */
function endOfWaiting(frames: readonly SeenFrame[]): number | null {
  const waits = (at: number): boolean => frames[(at + frames.length) % frames.length]?.status !== frameStatus.kernel;
  const ends = frames.flatMap((_, at) => (waits(at - 1) && !waits(at) ? [at] : []));
  return ends.length === 1 ? (ends[0] ?? null) : null;
}

/** The last moment at which a frame of a version can have been written by now, by the clock of this machine. */
export function latestStamp(version: number): bigint {
  const { second } = layoutOf(version);
  return (BigInt(Math.floor(Date.now() / 1000)) + 2n) * second;
}

/** What is in frames that the program has not given back. */
export function waitingFrames(
  memory: PacketMemory,
  ring: PacketRing,
  version: number,
  chosen: readonly number[],
): WaitingPiece[] {
  const layout = layoutOf(version);
  return chosen.map((at) => {
    const bytes = memory.read(frameAt(ring, at), ring.frameSize);
    const begins = Math.max(bytes.readUInt16LE(layout.link), bytes.readUInt16LE(layout.network));
    return { at, bytes: bytes.subarray(0, begins + bytes.readUInt32LE(layout.captured)) };
  });
}

/** Gives a frame back to the kernel. @param forgets whether it is to look as if nothing had ever been in it */
export function giveBack(memory: PacketMemory, ring: PacketRing, which: number, forgets: boolean): void {
  // A status is of 4 or 8 bytes; what follows it means nothing in a frame that is the kernel's.
  memory.write(frameAt(ring, which), Buffer.alloc(forgets ? frameLayouts[0].size : 8, frameStatus.kernel));
}
