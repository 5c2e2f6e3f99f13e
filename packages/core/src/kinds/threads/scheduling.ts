import type { ThreadCoreEntry } from '@criujs/images';
import { policy as policies, resetOnFork, scheduleFlag } from '../../facts/scheduling.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { isSet } from '../is-set.ts';
import { among, between, hold, type Rule } from '../rules.ts';
import type { RestoredThread, ThreadImage, ThreadKind } from './kind.ts';
import { parameterCalls, schedulingOf } from './scheduling-parameters.ts';

/** PRIO_PROCESS. getpriority(2). */
const prioProcess = 0;

const rules: readonly Rule<ThreadCoreEntry>[] = [
  // sched(7): all policies of Linux.
  among(
    'the scheduling policy',
    (own) => (isSet(own, 'schedPolicy') ? own.schedPolicy : undefined),
    [0, 1, 2, 3, 5, 6, 7],
  ),
  between('the scheduling priority', ({ schedPrio }) => schedPrio, 0, 99),
  between('the nice value', ({ schedNice }) => schedNice, -20, 19),
];

/**
 * Its nice value, scheduling policy and what belongs to that. A lower nice value, a real-time or the deadline policy need
 * CAP_SYS_NICE. sched(7).
 */
export const scheduling: ThreadKind = {
  name: 'scheduling',
  describe: [{ subject: 'processes', taken: ['nice values and scheduling policies with their parameters'] }],
  look: ({ tid, stat: { nice, policy, rtPriority } }) => ({
    threadCore: {
      schedNice: nice,
      schedPolicy: policy,
      ...(rtPriority > 0 ? { schedPrio: rtPriority } : {}),
    },
    record: { scheduling: schedulingOf(tid) },
  }),
  check: ({ own }, file) => hold(own, file, rules),
  calls: schedulingCalls,
};

function schedulingCalls({ own }: ThreadImage, { stat, recorded }: RestoredThread): TaskCall[] {
  const calls: TaskCall[] = [];
  const policy = own.schedPolicy ?? policies.other;
  const resets = ((recorded?.scheduling?.flags ?? 0) & scheduleFlag.resetOnFork) !== 0;
  // The deadline policy comes with its times, below.
  if (policy !== policies.deadline && (policy !== policies.other || resets)) {
    const parameter = Buffer.alloc(4);
    parameter.writeInt32LE(own.schedPrio ?? 0, 0);
    calls.push({
      name: 'sched_setscheduler',
      args: [0, resets ? policy | resetOnFork : policy, parameter],
      optional: true,
      what: `set scheduling policy ${policy}`,
    });
  }
  const nice = own.schedNice ?? 0;
  if (nice !== stat.nice)
    calls.push({
      name: 'setpriority',
      args: [prioProcess, 0, nice],
      optional: true,
      what: `set the nice value ${nice}`,
    });
  if (recorded?.scheduling !== undefined) calls.push(...parameterCalls(recorded.scheduling, { policy, nice }));
  return calls;
}
