import type { ThreadCoreEntry } from '@criujs/images';
import { among, hold, type Rule } from '../rules.ts';
import type { ThreadKind } from './kind.ts';

/** `struct robust_list_head`, the one size that the kernel takes. get_robust_list(2). */
const headSize = 24;

const rules: readonly Rule<ThreadCoreEntry>[] = [
  among('the size of the list of robust futexes', ({ futexRlaLen }) => futexRlaLen, [0, headSize]),
];

/** The list of futexes that are given up when it ends. get_robust_list(2). */
export const robustFutexes: ThreadKind = {
  name: 'robust futexes',
  describe: [{ subject: 'processes', taken: ['robust futexes'] }],
  look: (_, { robustList: { head, length } }) => ({ threadCore: { futexRla: head, futexRlaLen: length } }),
  check: ({ own }, file) => hold(own, file, rules),
  calls: ({ own: { futexRla, futexRlaLen } }) =>
    futexRlaLen === 0
      ? []
      : [{ name: 'set_robust_list', args: [futexRla, futexRlaLen], what: 'set the list of robust futexes' }],
};
