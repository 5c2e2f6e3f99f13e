import type { MemoryPolicy } from '@criujs/engine-kit';
import { defaultPolicy, mostNodes, nodesLength, ofAddress } from '../facts/memory-policy.ts';
import type { Area, Inquiry } from '../machinery/calls/ask.ts';
import { bytesOfSet, setFromBytes } from './bits.ts';

/**
 * Asks a thread for a memory policy. get_mempolicy(2).
 * @param address of memory that has one; null: that of the thread
 * @param part what a policy that is not the default becomes
 */
export function askForPolicy<Part extends object>(
  area: Area,
  address: number | null,
  part: (policy: MemoryPolicy) => Part,
): Inquiry<Part | Record<never, never>> {
  const mode = area.reserve(8);
  const nodes = area.reserve(nodesLength);
  return {
    calls: [['get_mempolicy', mode, nodes, mostNodes, address ?? 0, address === null ? 0 : ofAddress]],
    answer([failed = -1], read) {
      const found = failed < 0 ? defaultPolicy : read(mode, 4).readUInt32LE(0);
      if (found === defaultPolicy) return {};
      return part({ mode: found, nodes: setFromBytes(read(nodes, nodesLength)).toString(16) });
    },
  };
}

/** The nodes of a policy as the kernel takes them. */
export function nodesOf({ nodes }: MemoryPolicy): Buffer {
  return bytesOfSet(BigInt(`0x${nodes}`), nodesLength);
}
