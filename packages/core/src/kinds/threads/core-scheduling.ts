import { prctl } from '../../facts/prctl.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

/** PR_SCHED_CORE_GET of the thread itself, PR_SCHED_CORE_SCOPE_THREAD. Documentation/admin-guide/hw-vuln/core-scheduling.rst */
const get = 0;
const itself = 0;
const scope = 0;

/** With whom a thread shares a core. Cookies are given by the kernel, and nobody can give one again. PR_SCHED_CORE of prctl(2). */
export const coreScheduling: ThreadKind = {
  name: 'core scheduling',
  describe: [{ subject: 'processor', refused: ['core scheduling'] }],
  ask,
};

function ask(area: Area, { tid }: FrozenThread): Inquiry<ThreadPart> {
  const cookie = area.reserve(8);
  return {
    calls: [['prctl', prctl.coreScheduling, get, itself, scope, cookie]],
    answer: ([result], read) =>
      // Where the kernel or the processor does not have it the call fails.
      result !== 0 || read(cookie, 8).readBigUInt64LE() === 0n
        ? {}
        : {
            refused: [
              {
                resource: 'core scheduling',
                why: `thread ${tid} shares its core with chosen ones only (PR_SCHED_CORE), which is not supported yet`,
                remedy: 'Run it without core scheduling (coresched).',
              },
            ],
          },
  };
}
