import type { ThreadCoreEntry } from '@criujs/images';
import { prctl } from '../../facts/prctl.ts';
import { lastSignal } from '../../facts/tasks.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

const rules: readonly Rule<ThreadCoreEntry>[] = [
  between('the parent death signal', ({ pdeathSig }) => pdeathSig, 0, lastSignal),
];

/** The signal that it gets when its parent ends. PR_SET_PDEATHSIG(2const). */
export const deathSignal: ThreadKind = {
  name: 'parent death signal',
  describe: [{ subject: 'signals', taken: ['parent death signals'] }],
  ask: askSignal,
  check: ({ own }, file) => hold(own, file, rules),
  calls: ({ own: { pdeathSig } }) =>
    pdeathSig
      ? [
          {
            name: 'prctl',
            args: [prctl.setParentDeathSignal, pdeathSig, 0, 0, 0],
            what: 'set its parent death signal',
          },
        ]
      : [],
};

function askSignal(area: Area): Inquiry<ThreadPart> {
  const out = area.reserve(8);
  return {
    calls: [['prctl', prctl.getParentDeathSignal, out]],
    answer: (_, read) => {
      const pdeathSig = read(out, 8).readUInt32LE(0);
      return pdeathSig === 0 ? {} : { threadCore: { pdeathSig } };
    },
  };
}
