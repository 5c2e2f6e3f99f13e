import { defaultPolicy, mostNodes, nodesFrom, nodesLength, nodesOf } from '../../facts/memory-policy.ts';
import type { Area, Inquiry } from '../../machinery/calls/remote.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

/** From which NUMA nodes it gets its memory. set_mempolicy(2). */
export const memoryPolicy: ThreadKind = {
  name: 'memory policy',
  describe: [{ subject: 'memory', taken: ['NUMA policies'] }],
  ask,
  calls(_, { recorded }) {
    const policy = recorded?.memoryPolicy;
    if (policy === undefined) return [];
    const args = [policy.mode, nodesOf(policy.nodes), mostNodes];
    return [{ name: 'set_mempolicy', args, optional: true, what: `set the memory policy ${policy.mode}` }];
  },
};

function ask(area: Area): Inquiry<ThreadPart> {
  const mode = area.reserve(8);
  const nodes = area.reserve(nodesLength);
  return {
    calls: [['get_mempolicy', mode, nodes, mostNodes, 0, 0]],
    answer([failed = -1], read) {
      const found = failed < 0 ? defaultPolicy : read(mode, 4).readUInt32LE(0);
      if (found === defaultPolicy) return {};
      return { record: { memoryPolicy: { mode: found, nodes: nodesFrom(read(nodes, nodesLength)) } } };
    },
  };
}
