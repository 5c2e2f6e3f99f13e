/** Clocks that a time namespace may move, by their names in /proc/PID/timens_offsets. time_namespaces(7), clock_getres(2). */
export const movableClocks = { monotonic: 1, boottime: 7 } as const;
/** The most that such a clock may show, in seconds: half of what the kernel can count (KTIME_SEC_MAX). Linux, kernel/time/namespace.c. */
export const latestClock: bigint = ((1n << 63n) - 1n) / 1_000_000_000n / 2n;

/** Clocks of timerfd_create(2). */
export const timerfdClocks = {
  realtime: 0,
  monotonic: 1,
  boottime: 7,
  realtimeAlarm: 8,
  boottimeAlarm: 9,
} as const;

/** Clocks that have a number of their own: CLOCK_REALTIME to CLOCK_TAI. clock_getres(2). */
export const lastClock: number = 11;
/**
 * Clocks of processor time are negative: `~pid << 3`, a bit for a thread's, and which time. Pid 0 is the caller that makes the
 * timer.
 * Linux, include/linux/posix-timers.h.
 */
const bits = { pidShift: 3, thread: 4, which: 3, descriptor: 3 } as const;

/** Whose processor time a clock is. */
export interface CpuClock {
  /** The thread or process; 0: the caller that makes the timer. */
  readonly pid: number;
  readonly isThread: boolean;
  /** It is not a processor time clock but an open file (CLOCKFD). */
  readonly isFile: boolean;
}

/** null: it has its own number. */
export function cpuClockOf(clock: number): CpuClock | null {
  if (clock >= 0) return null;
  return {
    pid: ~(clock >> bits.pidShift),
    isThread: (clock & bits.thread) !== 0,
    isFile: (clock & bits.which) === bits.descriptor,
  };
}

/** The same clock of another process or thread. */
export function cpuClockFor(clock: number, pid: number): number {
  return (~pid << bits.pidShift) | (clock & (bits.thread | bits.which));
}
