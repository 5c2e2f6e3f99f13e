import { prctl } from '../../facts/prctl.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { isSet } from '../is-set.ts';
import type { ProcessImage, ProcessKind } from './kind.ts';

/** Whether it may be dumped to a core file and traced by its own user. Credentials that change take it away, so it comes last. */
export const dumpable: ProcessKind = {
  name: 'dumpable flag',
  describe: [{ subject: 'rights and limits', taken: ['dumpable flag'] }],
  ask: () => [
    () => ({ calls: [['prctl', prctl.getDumpable]], answer: ([value = 0]) => ({ mm: { dumpable: value } }) }),
  ],
  calls: { last: dumpableCalls },
};

function dumpableCalls({ mm }: ProcessImage): TaskCall[] {
  if (!isSet(mm, 'dumpable')) return [];
  // 2 cannot be asked for: it is what the kernel gives. PR_SET_DUMPABLE(2const).
  if (mm.dumpable !== 0 && mm.dumpable !== 1) return [];
  return [{ name: 'prctl', args: [prctl.setDumpable, mm.dumpable, 0, 0, 0], what: 'set whether it may be dumped' }];
}
