import { readFileSync, writeFileSync } from 'node:fs';
import { readStat } from '@criujs/linux';
import type { ProcessKind } from './kind.ts';

/** The nice value of the session that it leads, against other sessions. sched(7), "The autogroup feature". */
export const sessionNice: ProcessKind = {
  name: 'nice value of the session',
  describe: [],
  look({ pid, stat }) {
    const nice = stat.session === pid ? niceOf(pid) : 0;
    return nice === 0 ? {} : { record: { sessionNice: nice } };
  },
  apply(_, { pid, recorded, warn }) {
    const wanted = recorded?.sessionNice;
    // The session of whoever restores is not ours to change.
    if (wanted === undefined || readStat(pid).session !== pid || niceOf(pid) === wanted) return;
    try {
      writeFileSync(`/proc/${pid}/autogroup`, String(wanted));
    } catch (error) {
      warn(`cannot give its session the nice value ${wanted}: ${(error as NodeJS.ErrnoException).code}`);
    }
  },
};

function niceOf(pid: number): number {
  try {
    return Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'latin1'))?.[1] ?? 0);
  } catch {
    // A kernel without autogroups.
    return 0;
  }
}
