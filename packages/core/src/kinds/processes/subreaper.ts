import { prctl } from '../../facts/prctl.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { ProcessKind, ProcessPart } from './kind.ts';

/** Whether orphans below it become its children. PR_SET_CHILD_SUBREAPER(2const). */
export const subreaper: ProcessKind = {
  name: 'reaper of its descendants',
  describe: [{ subject: 'processes', taken: ['subreapers'] }],
  ask: () => [askSubreaper],
  calls: {
    character: ({ tc }) =>
      tc.childSubreaper
        ? [
            {
              name: 'prctl',
              args: [prctl.setChildSubreaper, 1, 0, 0, 0],
              what: 'become the reaper of its descendants',
            },
          ]
        : [],
  },
};

function askSubreaper(area: Area): Inquiry<ProcessPart> {
  const out = area.reserve(8);
  return {
    calls: [['prctl', prctl.getChildSubreaper, out]],
    answer: (_, read) => ({ core: { childSubreaper: read(out, 4).readUInt32LE(0) === 1 } }),
  };
}
