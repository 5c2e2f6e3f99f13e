import { nameCall } from '../task-name.ts';
import type { ThreadKind } from './kind.ts';

/** Its name, as `ps -L` shows it. PR_SET_NAME(2const). */
export const threadName: ThreadKind = {
  name: 'name',
  describe: [{ subject: 'processes', taken: ['names'] }],
  look: ({ stat }) => ({ threadCore: { comm: stat.comm } }),
  calls: ({ own: { comm } }) => (comm ? [nameCall(comm)] : []),
};
