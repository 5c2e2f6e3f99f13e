/** Scheduling policies by number. sched(7), linux/sched.h. */
export const policy = { other: 0, batch: 3, idle: 5, deadline: 6 } as const;

/** SCHED_RESET_ON_FORK: with a policy, for sched_setscheduler(2). */
export const resetOnFork = 0x4000_0000;

/** SCHED_FLAG_* of sched_setattr(2), linux/sched.h. */
export const scheduleFlag = {
  resetOnFork: 0x1,
  /** With the deadline policy: reclaim unused time, and tell of overruns. */
  deadline: 0x6,
  keepAll: 0x18,
  clamps: 0x60,
} as const;

/** `struct sched_attr` of linux/sched/types.h: its size with clamps, and where its fields lie. */
export const scheduleAttributes = {
  size: 56,
  policy: 4,
  flags: 8,
  nice: 16,
  priority: 20,
  runtime: 24,
  deadline: 32,
  period: 40,
  leastClamp: 48,
  mostClamp: 52,
} as const;

/** IOPRIO_WHO_PROCESS: one thread. ioprio_set(2). */
export const ioprioThread = 1;

/** The class in an I/O priority; 0: none, the kernel goes by the nice value. linux/ioprio.h. */
export function ioprioClass(priority: number): number {
  return priority >> 13;
}
