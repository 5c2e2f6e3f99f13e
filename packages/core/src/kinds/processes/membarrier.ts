import { membarrier as command } from '../../facts/prctl.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { ProcessImage, ProcessKind } from './kind.ts';

/** The commands of membarrier(2) that it has registered for, a bit each. */
export const membarrier: ProcessKind = {
  name: 'memory barriers',
  describe: [{ subject: 'processes', taken: ['`membarrier` registrations'] }],
  ask: () => [
    () => ({
      calls: [['membarrier', command.getRegistrations, 0, 0]],
      // Kernels before 6.3 do not know the question.
      answer: ([found = 0]) => (found > 0 ? { core: { membarrierRegistrationMask: found } } : {}),
    }),
  ],
  calls: { character: registerAgain },
};

function registerAgain({ tc }: ProcessImage): TaskCall[] {
  const registered = tc.membarrierRegistrationMask ?? 0;
  const bits = Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter((bit) => (registered & bit) !== 0);
  return bits.map((bit) => ({
    name: 'membarrier',
    args: [bit, 0, 0],
    what: `register for membarrier command ${bit}`,
  }));
}
