import { mostNodes } from '../../facts/memory-policy.ts';
import { askForPolicy, nodesOf } from '../memory-policies.ts';
import type { ThreadKind } from './kind.ts';

/** From which NUMA nodes it gets its memory. set_mempolicy(2). */
export const memoryPolicy: ThreadKind = {
  name: 'memory policy',
  describe: [{ subject: 'memory', taken: ['NUMA policies'] }],
  ask: (area) => askForPolicy(area, null, (policy) => ({ record: { memoryPolicy: policy } })),
  calls(_, { recorded }) {
    const policy = recorded?.memoryPolicy;
    if (policy === undefined) return [];
    const args = [policy.mode, nodesOf(policy), mostNodes];
    return [{ name: 'set_mempolicy', args, optional: true, what: `set the memory policy ${policy.mode}` }];
  },
};
