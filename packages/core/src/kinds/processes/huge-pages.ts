import { prctl } from '../../facts/prctl.ts';
import type { ProcessKind } from './kind.ts';

/** Whether it wants no transparent huge pages. PR_SET_THP_DISABLE(2const). */
export const hugePages: ProcessKind = {
  name: 'transparent huge pages',
  describe: [{ subject: 'memory', taken: ['whether transparent huge pages are disabled'] }],
  ask: () => [
    () => ({
      calls: [['prctl', prctl.getThpDisable, 0, 0, 0, 0]],
      answer: ([disabled]) => ({ mm: { thpDisabled: disabled === 1 } }),
    }),
  ],
  calls: {
    character: ({ mm }) =>
      mm.thpDisabled ? [{ name: 'prctl', args: [prctl.setThpDisable, 1, 0, 0, 0], what: 'disable huge pages' }] : [],
  },
};
