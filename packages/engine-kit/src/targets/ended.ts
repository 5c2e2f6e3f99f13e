import { readStat, readThreads, type Stat, unlessGone } from '@criujs/linux';
import { taskFlag } from './task-flags.ts';

/**
 * Whether a process has ended. One whose main thread has ended looks like it as long as other threads run: only their number tells
 * (it counts the main one). proc_pid_stat(5), `num_threads`.
 */
export function hasEnded({ state, threads }: Pick<Stat, 'state' | 'threads'>): boolean {
  return state === 'Z' && threads <= 1;
}

/** The same by its pid; true where it is gone. */
export function isOver(pid: number): boolean {
  return unlessGone(() => hasEnded(readStat(pid)), true);
}

/** Whether it has ended or is about to: what a hook fails with about it then, no run fails for. */
export function isGoing(pid: number): boolean {
  const stat = unlessGone(() => readStat(pid), null);
  return stat === null || hasEnded(stat) || isEnding(pid, stat);
}

/** Whether the end of a process has begun: of all of its threads, since the main one may end alone. */
export function isEnding(pid: number, { state, flags }: Pick<Stat, 'state' | 'flags'>): boolean {
  if (state === 'X') return true;
  if (state !== 'Z') return (flags & taskFlag.exiting) !== 0;
  const others = unlessGone(() => readThreads(pid), []).filter((tid) => tid !== pid);
  return others.every((tid) => isThreadEnding(pid, tid));
}

/** Whether the end of a thread has begun; true where it is gone. */
export function isThreadEnding(pid: number, tid: number): boolean {
  return unlessGone(() => (readStat(pid, tid).flags & taskFlag.exiting) !== 0, true);
}
