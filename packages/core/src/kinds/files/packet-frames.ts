import type { PacketRing } from '@criujs/linux';
import { frameLayouts, frameStatus } from '../../facts/packet.ts';
import { frameAt, type PacketMemory } from './packet-ring.ts';

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

/** Units of a stamp in a second: more than any version's. */
const second = 2n ** 32n;

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
        stamp: BigInt(part(layout.seconds)) * second + BigInt(part(layout.fraction)),
      };
    });
  }).flat();
}

/**
 * Which frame the kernel fills next: it fills them one after the other and writes into each when it did, so that the first that is older
 * than the one before it is the next. null: their times do not go round once, such as after a step of the clock.
 */
export function nextFrame(frames: readonly SeenFrame[]): number | null {
  const stampOf = (at: number): bigint => frames[at]?.stamp ?? 0n;
  const older = frames.flatMap((_, at) => (stampOf(at) < stampOf((at || frames.length) - 1) ? [at] : []));
  if (older.length > 1) return null;
  const [first] = older;
  if (first !== undefined) return first;
  return frames.length === 1 || stampOf(0) === 0n ? 0 : null;
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
