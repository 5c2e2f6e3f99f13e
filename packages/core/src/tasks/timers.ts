import type { ItimerEntry, TaskTimersEntry } from '@criujs/images';
import type { Area, Inquiry, TaskCall } from '../engine/remote.ts';

/** `struct itimerval`: interval and value, seconds and microseconds each. getitimer(2). */
const timerSize = 32;
const kinds = ['real', 'virt', 'prof'] as const;
type Kind = (typeof kinds)[number];
type Timer = Pick<ItimerEntry, 'isec' | 'iusec' | 'vsec' | 'vusec'>;

/** Asks a process for its three interval timers. */
export function askTimers(area: Area): Inquiry<Record<Kind, Timer>> {
  const out = area.reserve(kinds.length * timerSize);
  return {
    calls: kinds.map((_, which) => ['getitimer', which, out + which * timerSize]),
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
      return { real: timer(0), virt: timer(1), prof: timer(2) };
    },
  };
}

/** Calls that start the timers again with what was left of them. */
export function timerCalls(timers: TaskTimersEntry | undefined): TaskCall[] {
  if (timers === undefined) return [];
  return kinds.flatMap((kind, which): TaskCall[] => {
    const timer = timers[kind];
    if (timer === undefined) return [];
    const [vsec, vusec] = left(kind, timer);
    if (vsec === 0n && vusec === 0n) return [];
    const bytes = Buffer.alloc(timerSize);
    [timer.isec, timer.iusec, vsec, vusec].forEach((part, at) => {
      bytes.writeBigUInt64LE(part, at * 8);
    });
    return [{ name: 'setitimer', args: [which, bytes, 0], what: `start the ${kind} interval timer` }];
  });
}

/**
 * What is left of a timer. A real one with an interval and nothing left has just run out: its signal is pending, and the
 * kernel would have started it again when the signal was taken.
 */
function left(kind: Kind, { isec, iusec, vsec, vusec }: Timer): [seconds: bigint, microseconds: bigint] {
  return kind === 'real' && vsec === 0n && vusec === 0n ? [isec, iusec] : [vsec, vusec];
}
