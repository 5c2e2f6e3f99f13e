import { readThreads, unlessGone } from '@criujs/linux';
import type { SeenProcess } from './kind.ts';

/** Threads of a process beside its main one, which what is known of the process is about. */
export function otherThreads({ pid, stat }: Pick<SeenProcess, 'pid' | 'stat'>): number[] {
  if (stat.threads <= 1 || stat.state === 'Z') return [];
  return unlessGone(() => readThreads(pid), []).filter((tid) => tid !== pid);
}
