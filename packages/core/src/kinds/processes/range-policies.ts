import type { RangePolicy } from '@criujs/engine-kit';
import { readMaps } from '@criujs/linux';
import { defaultPolicy, mostNodes, nodesFrom, nodesLength, nodesOf, ofAddress } from '../../facts/memory-policy.ts';
import type { ProcessKind, ProcessPart, Question } from './kind.ts';

/** From which NUMA nodes a memory map gets its memory. mbind(2). */
export const rangePolicies: ProcessKind = {
  name: 'memory policies of maps',
  describe: [],
  ask: ({ pid }) =>
    readMaps(pid)
      // The page of vsyscall lies beyond what a number is exact for.
      .filter(({ end }) => Number.isSafeInteger(end))
      .map(({ start, end }) => policyOf(start, end - start)),
  calls: {
    character: (_, { recorded }) =>
      (recorded?.rangePolicies ?? []).map(({ start, length, mode, nodes }) => ({
        name: 'mbind',
        args: [start, length, mode, nodesOf(nodes), mostNodes, 0],
        optional: true,
        what: `set the memory policy ${mode} of the map at ${start.toString(16)}`,
      })),
  },
};

function policyOf(start: number, length: number): Question<ProcessPart> {
  return (area) => {
    const mode = area.reserve(8);
    const nodes = area.reserve(nodesLength);
    return {
      calls: [['get_mempolicy', mode, nodes, mostNodes, start, ofAddress]],
      answer([failed = -1], read) {
        const found = failed < 0 ? defaultPolicy : read(mode, 4).readUInt32LE(0);
        if (found === defaultPolicy) return {};
        const policy: RangePolicy = {
          start: BigInt(start),
          length: BigInt(length),
          mode: found,
          nodes: nodesFrom(read(nodes, nodesLength)),
        };
        return { record: { rangePolicies: [policy] } };
      },
    };
  };
}
