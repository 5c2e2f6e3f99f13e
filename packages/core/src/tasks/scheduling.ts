import type { ThreadCoreEntry } from '@criujs/images';
import type { TaskCall } from '../engine/remote.ts';

/** PRIO_PROCESS. getpriority(2). */
const prioProcess = 0;
/** SCHED_OTHER, what every task begins with. sched(7). */
const schedOther = 0;

/** Calls that give a thread its nice value and scheduling policy. A lower nice value or a real-time policy needs CAP_SYS_NICE. */
export function schedulingCalls(core: ThreadCoreEntry, now: { readonly nice: number }): TaskCall[] {
  const calls: TaskCall[] = [];
  const policy = core.schedPolicy ?? schedOther;
  if (policy !== schedOther) {
    const parameter = Buffer.alloc(4);
    parameter.writeInt32LE(core.schedPrio ?? 0, 0);
    calls.push({
      name: 'sched_setscheduler',
      args: [0, policy, parameter],
      optional: true,
      what: `set scheduling policy ${policy}`,
    });
  }
  const nice = core.schedNice ?? 0;
  if (nice !== now.nice)
    calls.push({
      name: 'setpriority',
      args: [prioProcess, 0, nice],
      optional: true,
      what: `set the nice value ${nice}`,
    });
  return calls;
}
