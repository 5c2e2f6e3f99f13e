import type { PacketRing } from '@criujs/linux';
import { describe, expect, test } from 'vitest';
import { numberOfBlock, openBlock } from './blocks.ts';
import { nextFrame } from './frames.ts';
import { frameAt, isPossibleRing } from './ring.ts';

const frames = (...stamps: number[]): { status: number; stamp: bigint }[] =>
  stamps.map((stamp) => ({ status: 0, stamp: BigInt(stamp) }));
const blocks = (...all: (readonly [status: number, sequence: number])[]) =>
  all.map(([status, sequence]) => ({ status, packets: 0, length: 48, sequence: BigInt(sequence) }));
const ring: PacketRing = {
  ...{ blockSize: 4096, blocks: 2, frameSize: 1360, frames: 6, timeout: 0, privateSize: 0, features: 0 },
};

describe('the frame that the kernel fills next', () => {
  test('is the first that is older than the one before it', () => {
    expect(nextFrame(frames(0, 0, 0))).toBe(0);
    expect(nextFrame(frames(5, 0, 0))).toBe(1);
    expect(nextFrame(frames(5, 6, 7))).toBe(0);
    expect(nextFrame(frames(8, 6, 7))).toBe(1);
    expect(nextFrame(frames(80, 80, 7))).toBe(2);
    expect(nextFrame(frames(5))).toBe(0);
  });

  test('is known where processors took turns at the ring', () => {
    expect(nextFrame(frames(1000, 1010, 1009, 1020, 500, 510, 509))).toBe(4);
  });

  test('lies behind what waits', () => {
    const waiting = (...at: number[]) =>
      frames(50, 60, 10, 20, 30).map((it, which) => ({ ...it, status: at.includes(which) ? 1 : 0 }));
    expect(nextFrame(waiting(0, 1))).toBe(2);
    expect(nextFrame(waiting(4, 0, 1))).toBe(2);
    expect(nextFrame(waiting(0, 1, 2))).toBeNull();
    expect(nextFrame(waiting(0, 1, 2, 3, 4))).toBe(2);
  });

  test('cannot be told where the times do not go round once, or are of the future', () => {
    expect(nextFrame(frames(5, 4, 6, 3))).toBeNull();
    expect(nextFrame(frames(5, 5, 5))).toBeNull();
    expect(nextFrame(frames(8, 6, 7), 7n)).toBeNull();
    expect(nextFrame(frames(8, 6, 7), 8n)).toBe(1);
  });
});

describe('the block that the kernel fills', () => {
  test('is the one that it began last', () => {
    expect(openBlock(blocks([0, 1], [0, 0]))).toBe(0);
    expect(openBlock(blocks([1, 5], [0, 6], [1, 4]))).toBe(1);
  });

  test('is none while the next one waits to be read, or nothing was begun', () => {
    expect(openBlock(blocks([1, 5], [1, 6]))).toBeNull();
    expect(openBlock(blocks([0, 0], [0, 0]))).toBeNull();
  });

  test('has a higher number than any that waits', () => {
    expect([0, 1, 3].map((at) => numberOfBlock(at, 2))).toEqual([1n, 2n, 0n]);
  });
});

describe('a ring', () => {
  test('has no frame that lies in two blocks', () => {
    expect([0, 2, 3, 5].map((which) => frameAt(ring, which))).toEqual([0, 2720, 4096, 6816]);
  });

  test('that the kernel cannot have made is known', () => {
    expect(isPossibleRing(ring, 1)).toBe(true);
    const wrong: readonly Partial<PacketRing>[] = [
      ...[
        { blockSize: 0 },
        { blockSize: 5000 },
        { blocks: 0 },
        { blocks: 2 ** 24 },
        { frameSize: 0 },
        { frameSize: 8 },
      ],
      ...[{ frameSize: 8192 }, { frames: 7 }],
    ];
    for (const it of wrong) expect(isPossibleRing({ ...ring, ...it }, 1), JSON.stringify(it)).toBe(false);
  });
});
