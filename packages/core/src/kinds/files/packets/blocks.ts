import type { PacketRing } from '@criujs/linux';
import { blockLayout, frameStatus } from '../../../facts/packet.ts';
import type { PacketMemory } from './ring.ts';

/** A block of a ring of version 3, as its head has it. */
export interface SeenBlock {
  readonly status: number;
  readonly packets: number;
  /** Bytes that are used. */
  readonly length: number;
  /** Each block that the kernel begins gets the next number, from 1; 0: it never did. */
  readonly sequence: bigint;
}

/** The heads of all blocks. */
export function readBlocks(memory: PacketMemory, { blockSize, blocks }: PacketRing): SeenBlock[] {
  return Array.from({ length: blocks }, (_, at) => {
    const head = memory.read(at * blockSize, blockLayout.size);
    return {
      status: head.readUInt32LE(blockLayout.status),
      packets: head.readUInt32LE(blockLayout.packets),
      length: head.readUInt32LE(blockLayout.length),
      sequence: head.readBigUInt64LE(blockLayout.sequence),
    };
  });
}

/** Which block the kernel fills: the one that it began last. null: none, as the next has not been given back. */
export function openBlock(blocks: readonly SeenBlock[]): number | null {
  let last = 0;
  blocks.forEach(({ sequence }, at) => {
    if (sequence > (blocks[last]?.sequence ?? 0n)) last = at;
  });
  const { status = frameStatus.user, sequence = 0n } = blocks[last] ?? {};
  return status === frameStatus.kernel && sequence > 0n ? last : null;
}

/** The number that a block has which waits, where the kernel fills another and has begun with 1: 0 if it would be older than that. */
export function numberOfBlock(at: number, open: number): bigint {
  return at < open ? BigInt(at + 1) : 0n;
}
