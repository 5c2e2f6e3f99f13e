import { mostNodes } from '../../facts/memory-policy.ts';
import { mapsOf } from '../../machinery/freeze/maps-of.ts';
import { askForPolicy, nodesOf } from '../memory-policies.ts';
import type { ProcessKind, ProcessPart, Question } from './kind.ts';

/** From which NUMA nodes a memory map gets its memory. mbind(2). */
export const rangePolicies: ProcessKind = {
  name: 'memory policies of maps',
  describe: [],
  ask: (task) =>
    mapsOf(task)
      // The page of vsyscall lies beyond what a number is exact for.
      .filter(({ end }) => Number.isSafeInteger(end))
      .map(({ start, end }) => policyOf(start, end - start)),
  calls: {
    character: (_, { recorded }) =>
      (recorded?.rangePolicies ?? []).map((policy) => ({
        name: 'mbind',
        args: [policy.start, policy.length, policy.mode, nodesOf(policy), mostNodes, 0],
        optional: true,
        what: `set the memory policy ${policy.mode} of the map at ${policy.start.toString(16)}`,
      })),
  },
};

function policyOf(start: number, length: number): Question<ProcessPart> {
  return (area) =>
    askForPolicy(area, start, (policy): ProcessPart => {
      return { record: { rangePolicies: [{ ...policy, start: BigInt(start), length: BigInt(length) }] } };
    });
}
