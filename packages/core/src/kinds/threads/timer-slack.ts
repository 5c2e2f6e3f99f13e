import { prctl } from '../../facts/prctl.ts';
import type { ThreadKind } from './kind.ts';

/** How late the kernel may wake it, in nanoseconds; real-time threads have none. PR_SET_TIMERSLACK(2const). */
export const timerSlack: ThreadKind = {
  name: 'timer slack',
  describe: [{ subject: 'timers', taken: ['timer slack'] }],
  ask: () => ({
    calls: [['prctl', prctl.getTimerSlack]],
    answer: ([found = 0]) => (found > 0 ? { record: { timerSlack: BigInt(found) } } : {}),
  }),
  calls: (_, { recorded }) =>
    recorded?.timerSlack === undefined
      ? []
      : [{ name: 'prctl', args: [prctl.setTimerSlack, recorded.timerSlack], what: 'set the timer slack' }],
};
