import type { ThreadCoreEntry } from '@criujs/images';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { isSet } from '../is-set.ts';
import { among, between, hold, type Rule } from '../rules.ts';
import type { RestoredThread, ThreadImage, ThreadKind } from './kind.ts';

/** PRIO_PROCESS. getpriority(2). */
const prioProcess = 0;
/** SCHED_OTHER, what every task begins with. sched(7). */
const schedOther = 0;

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

/** Its nice value and scheduling policy. A lower nice value or a real-time policy needs CAP_SYS_NICE. */
export const scheduling: ThreadKind = {
  name: 'scheduling',
  describe: [{ subject: 'processes', taken: ['nice values and scheduling policies'] }],
  look: ({ stat: { nice, policy, rtPriority } }) => ({
    threadCore: {
      schedNice: nice,
      schedPolicy: policy,
      ...(rtPriority > 0 ? { schedPrio: rtPriority } : {}),
    },
  }),
  check: ({ own }, file) => hold(own, file, rules),
  calls: schedulingCalls,
};

function schedulingCalls({ own }: ThreadImage, { stat }: RestoredThread): TaskCall[] {
  const calls: TaskCall[] = [];
  const policy = own.schedPolicy ?? schedOther;
  if (policy !== schedOther) {
    const parameter = Buffer.alloc(4);
    parameter.writeInt32LE(own.schedPrio ?? 0, 0);
    calls.push({
      name: 'sched_setscheduler',
      args: [0, policy, parameter],
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
  return calls;
}
