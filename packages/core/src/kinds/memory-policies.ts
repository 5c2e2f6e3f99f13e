import { readFileSync } from 'node:fs';
import type { MemoryPolicy } from '@criujs/engine-kit';
import { defaultPolicy, fewNodesLength, nodesLength, ofAddress } from '../facts/memory-policy.ts';
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
  const length = nodesLengthHere();
  const mode = area.reserve(8 + length);
  const nodes = mode + 8;
  return {
    calls: [['get_mempolicy', mode, nodes, length * 8, address ?? 0, address === null ? 0 : ofAddress]],
    answer([failed = -1], read) {
      const found = failed < 0 ? defaultPolicy : read(mode, 4).readUInt32LE(0);
      if (found === defaultPolicy) return {};
      return part({ mode: found, nodes: setFromBytes(read(nodes, length)).toString(16) });
    },
  };
}

/** The nodes of a policy as the kernel takes them. */
export function nodesOf({ nodes }: MemoryPolicy): Buffer {
  return bytesOfSet(BigInt(`0x${nodes}`), nodesLength);
}

let asked: number | undefined;

/** Bytes of a set of the nodes that this machine may have: there may be many maps to ask about. Documentation/ABI/stable/sysfs-devices-node. */
function nodesLengthHere(): number {
  asked ??= mayHaveMoreThan(fewNodesLength * 8) ? nodesLength : fewNodesLength;
  return asked;
}

/** Whether there is a node with this number, or a larger one; true where the kernel does not say. */
function mayHaveMoreThan(nodes: number): boolean {
  try {
    const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/node/possible', 'latin1'))?.[1];
    return last === undefined || Number(last) >= nodes;
  } catch {
    return true;
  }
}
