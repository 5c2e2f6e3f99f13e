import { prctl } from '../../facts/prctl.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { ProcessImage, ProcessKind, RestoredProcess } from './kind.ts';

/** Plainly disabled. Since Linux 6.18 there are flags beside it, for which CRIU's images have no place. */
const disabledForAll = 1;

/** Whether it wants no transparent huge pages. PR_SET_THP_DISABLE(2const). */
export const hugePages: ProcessKind = {
  name: 'transparent huge pages',
  describe: [{ subject: 'memory', taken: ['whether transparent huge pages are disabled'] }],
  ask: () => [
    () => ({
      calls: [['prctl', prctl.getThpDisable, 0, 0, 0, 0]],
      answer: ([found = 0]) => ({
        mm: { thpDisabled: found === disabledForAll },
        ...(found > disabledForAll ? { record: { hugePages: found } } : {}),
      }),
    }),
  ],
  calls: { character: disableAgain },
};

function disableAgain({ mm }: ProcessImage, { recorded }: RestoredProcess): TaskCall[] {
  const found = recorded?.hugePages ?? (mm.thpDisabled ? disabledForAll : 0);
  if (found === 0) return [];
  return [{ name: 'prctl', args: [prctl.setThpDisable, 1, found & ~disabledForAll, 0, 0], what: 'disable huge pages' }];
}
