import { closeSync, openSync } from 'node:fs';
import { ptracer, readStat, unlessGone, yamaScope } from '@criujs/linux';
import { capability } from '../../facts/capabilities.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { asUser } from '../../machinery/guard/as-user.ts';
import type { ProcessKind } from './kind.ts';

/** The scope in which a process may name who traces it. Documentation/admin-guide/LSM/Yama.rst. */
const asTheyAllow = 1;

/**
 * That all processes of its user may trace it, where Yama forbids that: what `criujs run` does. No call shows it, but somebody who
 * is neither an ancestor nor an administrator may look into its memory. PR_SET_PTRACER(2const)
 */
export const tracers: ProcessKind = {
  name: 'permission to be traced',
  describe: [
    { subject: 'rights and limits', taken: ['permission to be traced by all processes (`PR_SET_PTRACER_ANY`)'] },
  ],
  look: (task) => (letsAllTrace(task) ? { record: { tracedByAll: true } } : {}),
  calls: {
    last: (_, { recorded }) =>
      recorded?.tracedByAll
        ? [
            {
              name: 'prctl',
              args: [ptracer.set, ptracer.any, 0, 0, 0],
              optional: 'unsaid', // without Yama there is nothing to permit
              what: 'let all processes trace it',
            },
          ]
        : [],
  },
};

function letsAllTrace({ pid, status }: FrozenTask): boolean {
  if (yamaScope() !== asTheyAllow || isBelow(pid, process.pid)) return false;
  const user = { uid: status.uids[1], gid: status.gids[1] };
  try {
    return asUser(user, [capability.SYS_PTRACE], () => mayOpenMemory(pid));
  } catch {
    // Nobody can be asked.
    return false;
  }
}

function isBelow(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 0; at = unlessGone(() => readStat(at).ppid, 0)) if (at === ancestor) return true;
  return false;
}

/** proc_pid_mem(5): only who may attach opens it. */
function mayOpenMemory(pid: number): boolean {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
    return true;
  } catch {
    return false;
  }
}
