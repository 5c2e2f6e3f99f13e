import { readStat, readText } from '@criujs/linux';
import type { ProcessKind } from './kind.ts';
import { writeProcFile } from './proc-file.ts';

/** The nice value of the session that it leads, against other sessions. sched(7), "The autogroup feature". */
export const sessionNice: ProcessKind = {
  name: 'nice value of the session',
  describe: [],
  look({ pid, stat }) {
    const nice = stat.session === pid ? niceOf(pid) : 0;
    return nice === 0 ? {} : { record: { sessionNice: nice } };
  },
  apply(_, process) {
    const { pid } = process;
    const wanted = process.recorded?.sessionNice;
    // The session of whoever restores is not ours to change.
    if (wanted === undefined || readStat(pid).session !== pid || niceOf(pid) === wanted) return;
    writeProcFile(process, 'autogroup', String(wanted), `give its session the nice value ${wanted}`);
  },
};

function niceOf(pid: number): number {
  try {
    return Number(/nice (-?\d+)/.exec(readText(pid, 'autogroup'))?.[1] ?? 0);
  } catch {
    // A kernel without autogroups.
    return 0;
  }
}
