import { prctl } from '../../facts/prctl.ts';
import type { ProcessKind } from './kind.ts';

/** Whether equal pages of all its maps are merged with those of others (KSM). PR_SET_MEMORY_MERGE(2const). */
export const memoryMerge: ProcessKind = {
  name: 'merging of memory',
  describe: [{ subject: 'memory', taken: ['merging of equal pages (KSM)'] }],
  ask: () => [
    () => ({
      calls: [['prctl', prctl.getMemoryMerge, 0, 0, 0, 0]],
      answer: ([found = 0]) => (found === 1 ? { record: { memoryMerge: true } } : {}),
    }),
  ],
  calls: {
    character: (_, { recorded }) =>
      recorded?.memoryMerge === true
        ? [{ name: 'prctl', args: [prctl.setMemoryMerge, 1, 0, 0, 0], optional: true, what: 'merge equal pages (KSM)' }]
        : [],
  },
};
