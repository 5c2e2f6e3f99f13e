import type { ItimerEntry } from '@criujs/images';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ProcessImage, ProcessKind, ProcessPart } from './kind.ts';

/** `struct itimerval`: interval and value, seconds and microseconds each. getitimer(2). */
const timerSize = 32;
/** In the order of their numbers. getitimer(2). */
const clocks = ['real', 'virt', 'prof'] as const;
type Clock = (typeof clocks)[number];
type Timer = Pick<ItimerEntry, 'isec' | 'iusec' | 'vsec' | 'vusec'>;

/** The kernel counts in signed 64 bits. timeval(3type). */
const longest = 2n ** 62n;
const rules: readonly Rule<ItimerEntry>[] = [
  between('the interval of a timer in seconds', ({ isec }) => isec, 0n, longest),
  between('the rest of a timer in seconds', ({ vsec }) => vsec, 0n, longest),
  // setitimer(2), EINVAL.
  between('the interval of a timer in microseconds', ({ iusec }) => iusec, 0n, 999_999n),
  between('the rest of a timer in microseconds', ({ vusec }) => vusec, 0n, 999_999n),
];

/** The three timers of setitimer(2). They start last, so that none runs out before the process runs. */
export const intervalTimers: ProcessKind = {
  name: 'interval timers',
  describe: [{ subject: 'timers', taken: ['`setitimer`'] }],
  ask: () => [askTimers],
  check({ tc }, file) {
    for (const clock of clocks) {
      const timer = tc.timers?.[clock];
      if (timer !== undefined) hold(timer, file, rules);
    }
  },
  calls: { last: timerCalls },
};

function askTimers(area: Area): Inquiry<ProcessPart> {
  const out = area.reserve(clocks.length * timerSize);
  return {
    calls: clocks.map((_, which) => ['getitimer', which, out + which * timerSize]),
    answer: (_, read) => {
      const timer = (which: number): Timer => {
        const bytes = read(out + which * timerSize, timerSize);
        return {
          isec: bytes.readBigUInt64LE(0),
          iusec: bytes.readBigUInt64LE(8),
          vsec: bytes.readBigUInt64LE(16),
          vusec: bytes.readBigUInt64LE(24),
        };
      };
      return { core: { timers: { real: timer(0), virt: timer(1), prof: timer(2) } } };
    },
  };
}

function timerCalls({ tc: { timers } }: ProcessImage): TaskCall[] {
  return clocks.flatMap((clock, which): TaskCall[] => {
    const timer = timers?.[clock];
    if (timer === undefined) return [];
    const [vsec, vusec] = left(clock, timer);
    if (vsec === 0n && vusec === 0n) return [];
    const bytes = Buffer.alloc(timerSize);
    [timer.isec, timer.iusec, vsec, vusec].forEach((part, at) => {
      bytes.writeBigUInt64LE(part, at * 8);
    });
    return [{ name: 'setitimer', args: [which, bytes, 0], what: `start the ${clock} interval timer` }];
  });
}

/**
 * What is left of a timer. A real one with an interval and nothing left has just run out: its signal is pending, and the
 * kernel would have started it again when the signal was taken.
 */
function left(clock: Clock, { isec, iusec, vsec, vusec }: Timer): [seconds: bigint, microseconds: bigint] {
  return clock === 'real' && vsec === 0n && vusec === 0n ? [isec, iusec] : [vsec, vusec];
}
