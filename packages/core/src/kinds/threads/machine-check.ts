import { prctl } from '../../facts/prctl.ts';
import type { ThreadKind } from './kind.ts';

/** PR_MCE_KILL_SET and PR_MCE_KILL_DEFAULT. PR_MCE_KILL(2const). */
const set = 1;
const machineWide = 2;

/** When it hears of memory that has failed: at once, when it uses it, or as the machine has it. PR_MCE_KILL(2const). */
export const machineCheck: ThreadKind = {
  name: 'machine check policy',
  describe: [{ subject: 'memory', taken: ['policy for failing memory (`PR_MCE_KILL`)'] }],
  ask: () => ({
    calls: [['prctl', prctl.getMachineCheckKill, 0, 0, 0, 0]],
    answer: ([found = -1]) => (found >= 0 && found !== machineWide ? { record: { machineCheck: found } } : {}),
  }),
  calls: (_, { recorded }) =>
    recorded?.machineCheck === undefined
      ? []
      : [
          {
            name: 'prctl',
            args: [prctl.setMachineCheckKill, set, recorded.machineCheck, 0, 0],
            what: 'set the machine check policy',
          },
        ],
};
