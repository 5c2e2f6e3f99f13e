import type { TaskCoreEntry } from '@criujs/images';
import { isSet } from '../is-set.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ProcessKind } from './kind.ts';
import { readProcNumber, writeProcFile } from './proc-file.ts';

const rules: readonly Rule<TaskCoreEntry>[] = [between('the oom score', scoreOf, -1000, 1000)];

/** How readily the kernel ends it when memory runs out. proc_pid_oom_score_adj(5). */
export const oomScore: ProcessKind = {
  name: 'oom score',
  describe: [{ subject: 'rights and limits', taken: ['OOM score adjustment'] }],
  reads: { texts: ['oom_score_adj'] },
  look: ({ pid }) => ({ core: { oomScoreAdj: readProcNumber(pid, 'oom_score_adj', 0) } }),
  check: ({ tc }, file) => hold(tc, file, rules),
  apply({ tc }, process) {
    const score = scoreOf(tc);
    if (score === undefined || readProcNumber(process.pid, 'oom_score_adj', 0) === score) return;
    writeProcFile(process, 'oom_score_adj', String(score), `set oom_score_adj to ${score}`);
  },
};

function scoreOf(tc: TaskCoreEntry): number | undefined {
  return isSet(tc, 'oomScoreAdj') ? tc.oomScoreAdj : undefined;
}
