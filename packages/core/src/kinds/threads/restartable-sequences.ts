import type { ThreadCoreEntry } from '@criujs/images';
import { between, hold, type Rule } from '../rules.ts';
import type { ThreadKind } from './kind.ts';

const rules: readonly Rule<ThreadCoreEntry>[] = [
  // rseq(2): the first version has 32 bytes.
  between(
    'the size of restartable sequences',
    ({ rseqEntry }) => (rseqEntry?.rseqAbiPointer ? rseqEntry.rseqAbiSize : undefined),
    20,
    4096,
  ),
];

/** Its area for restartable sequences. rseq(2). */
export const restartableSequences: ThreadKind = {
  name: 'restartable sequences',
  describe: [{ subject: 'processor', taken: ['restartable sequences'] }],
  look: (_, { rseq }) =>
    rseq === null
      ? {}
      : {
          threadCore: {
            rseqEntry: { rseqAbiPointer: rseq.pointer, rseqAbiSize: rseq.size, signature: rseq.signature },
          },
        },
  check: ({ own }, file) => hold(own, file, rules),
  calls: ({ own: { rseqEntry: rseq } }) =>
    rseq === undefined || rseq.rseqAbiPointer === 0n
      ? []
      : [
          {
            name: 'rseq',
            args: [rseq.rseqAbiPointer, rseq.rseqAbiSize, 0, rseq.signature],
            what: 'register restartable sequences',
          },
        ],
};
