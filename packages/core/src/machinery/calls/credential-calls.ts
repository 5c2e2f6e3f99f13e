import { capabilityData, capabilityHeader, capabilityWords } from '../../facts/capabilities.ts';
import type { TaskCall } from './remote.ts';

/** setgroups(2): a list of 32-bit ids. */
export function groupsCall(groups: readonly number[], what: string): TaskCall {
  // Bytes that a task gets may not be none at all.
  const list = Buffer.alloc(Math.max(4, groups.length * 4));
  groups.forEach((group, at) => {
    list.writeUInt32LE(group, at * 4);
  });
  return { name: 'setgroups', args: [groups.length, list], what };
}

/** Sets of capabilities, each in words of 32 bits, the lowest first. */
export interface CapabilitySets {
  readonly capEff: readonly number[];
  readonly capPrm: readonly number[];
  readonly capInh: readonly number[];
}

/** capset(2). */
export function capabilitiesCall(sets: CapabilitySets, what: string): TaskCall {
  const data = Buffer.alloc(capabilityData.size);
  for (let word = 0; word < capabilityWords; word++) {
    [sets.capEff, sets.capPrm, sets.capInh].forEach((set, at) => {
      data.writeUInt32LE((set[word] ?? 0) >>> 0, word * capabilityData.wordSize + at * 4);
    });
  }
  return { name: 'capset', args: [capabilityHeader(), data], what };
}
