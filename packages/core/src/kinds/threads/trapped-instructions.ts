import { prctl } from '../../facts/prctl.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { RestoredThread, ThreadKind, ThreadPart } from './kind.ts';

/** PR_TSC_SIGSEGV. PR_SET_TSC(2const). */
const timestampsRefused = 2;
/** ARCH_GET_CPUID and ARCH_SET_CPUID. arch_prctl(2). */
const arch = { getCpuid: 0x1011, setCpuid: 0x1012 } as const;

/** Whether reading the time stamp counter, or `cpuid`, raises SIGSEGV. PR_SET_TSC(2const), arch_prctl(2). */
export const trappedInstructions: ThreadKind = {
  name: 'trapped instructions',
  describe: [{ subject: 'processor', taken: ['traps of `rdtsc` and `cpuid`'] }],
  ask,
  calls: (_, thread) => trapAgain(thread),
};

function ask(area: Area): Inquiry<ThreadPart> {
  const out = area.reserve(8);
  return {
    calls: [
      ['prctl', prctl.getTimestamps, out],
      ['arch_prctl', arch.getCpuid, 0],
    ],
    answer([timestamps = -1, cpuid = -1], read) {
      const refused = timestamps === 0 && read(out, 4).readUInt32LE(0) === timestampsRefused;
      return {
        record: { ...(refused ? { noTimestamp: true } : {}), ...(cpuid === 0 ? { noCpuid: true } : {}) },
      };
    },
  };
}

function trapAgain({ recorded }: RestoredThread): TaskCall[] {
  const calls: TaskCall[] = [];
  if (recorded?.noTimestamp)
    calls.push({
      name: 'prctl',
      args: [prctl.setTimestamps, timestampsRefused],
      what: 'refuse it the time stamp counter',
    });
  if (recorded?.noCpuid) calls.push({ name: 'arch_prctl', args: [arch.setCpuid, 0], what: 'refuse it `cpuid`' });
  return calls;
}
