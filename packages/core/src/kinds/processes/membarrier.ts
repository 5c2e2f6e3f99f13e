import { errno } from '@criujs/linux';
import { membarrier as command } from '../../facts/prctl.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { ProcessImage, ProcessKind } from './kind.ts';

/** The commands of membarrier(2) that it has registered for, a bit each. */
export const membarrier: ProcessKind = {
  name: 'memory barriers',
  describe: [{ subject: 'processes', taken: ['`membarrier` registrations'] }],
  ask: () => [
    () => ({
      calls: [
        ['membarrier', command.getRegistrations, 0, 0],
        ['membarrier', command.private, 0, 0],
      ],
      answer: ([found = 0, done = 0]) => {
        // Any of the private ones is told as the plain one, too: whether it is registered for that, the command itself says.
        const registered = done === -errno.EPERM ? found & ~command.registerPrivate : found;
        // Kernels before 6.3 do not know the question.
        return found > 0 && registered > 0 ? { core: { membarrierRegistrationMask: registered } } : {};
      },
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
