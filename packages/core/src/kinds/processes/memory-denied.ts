import { prctl } from '../../facts/prctl.ts';
import type { ProcessKind } from './kind.ts';

/** That no memory can become executable any more. It cannot be taken back, so it comes last. PR_SET_MDWE(2const). */
export const memoryDenied: ProcessKind = {
  name: 'denial of new executable memory',
  describe: [{ subject: 'rights and limits', taken: ['denial of writable and executable memory (`PR_SET_MDWE`)'] }],
  ask: () => [
    () => ({
      calls: [['prctl', prctl.getMemoryDenied, 0, 0, 0, 0]],
      answer: ([found = 0]) => (found > 0 ? { record: { memoryDenied: found } } : {}),
    }),
  ],
  calls: {
    last: (_, { recorded }) =>
      recorded?.memoryDenied === undefined
        ? []
        : [
            {
              name: 'prctl',
              args: [prctl.setMemoryDenied, recorded.memoryDenied, 0, 0, 0],
              what: 'deny executable memory',
            },
          ],
  },
};
