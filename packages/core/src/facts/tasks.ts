/** `task_state` of a core image (CRIU's include/image-desc and pstree: the state to come back to). */
export const taskState = { alive: 1, dead: 2, stopped: 3 } as const;

/** The two signals whose action nobody can change. signal(7). */
export const fixedActions: readonly number[] = [9, 19];

/** Signals of the kernel are numbered 1 to this. signal(7). */
export const lastSignal = 64;

/** Signals that stop a process. signal(7). */
export const stopSignals: readonly number[] = [19, 20, 21, 22];

/** Signals that end no process where no handler is set: they are passed over, stop or continue it. signal(7). */
const survived: readonly number[] = [17, 18, 23, 28, ...stopSignals];

/** Whether a process without handlers ends by this signal. */
export function terminates(signal: number): boolean {
  return !survived.includes(signal);
}

/** Signals that do nothing where no handler is set: what a batch of calls ends with. signal(7). */
const harmlessSignals: readonly number[] = [23, 28, 17, 18];

/** A signal that does nothing in a process with these handlers; undefined where all have one. */
export function harmlessSignalOf(caught: bigint): number | undefined {
  return harmlessSignals.find((signal) => !hasSignal(caught, signal));
}

/** A mask of every signal. */
export const everySignal = 0xffff_ffff_ffff_ffffn;

/** A mask of every signal but one. */
export function allSignalsBut(signal: number): bigint {
  return everySignal & ~(1n << BigInt(signal - 1));
}

/** Whether a mask holds a signal. */
function hasSignal(mask: bigint, signal: number): boolean {
  return ((mask >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Limits in the order of their numbers, as `/proc/PID/limits` names them. getrlimit(2). */
export const limitNames: readonly string[] = [
  'cpu time',
  'file size',
  'data size',
  'stack size',
  'core file size',
  'resident set',
  'processes',
  'open files',
  'locked memory',
  'address space',
  'file locks',
  'pending signals',
  'msgqueue size',
  'nice priority',
  'realtime priority',
  'realtime timeout',
];

/** No login stands behind a process. proc_pid_loginuid(5) */
export const noLogin = 0xffff_ffff;

/** FUTEX_WAIT, and FUTEX_PRIVATE_FLAG: no other process waits there. futex(2) */
export const futex = { wait: 0, private: 128 } as const;
