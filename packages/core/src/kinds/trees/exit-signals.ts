import { signals } from '@criujs/linux';
import type { TreeKind } from './kind.ts';

/** Processes that tell their parent of their end otherwise than by SIGCHLD, for which CRIU's images have no place. clone(2). */
export const exitSignals: TreeKind = {
  name: 'signals to the parent',
  describe: [{ subject: 'processes', taken: ['exit signals'] }],
  save({ tasks }, { records }) {
    for (const { pid, ppid, stat } of tasks)
      if (ppid !== 0 && stat.exitSignal !== signals.SIGCHLD) records.tasks.push({ pid, exitSignal: stat.exitSignal });
  },
  load(_tree, { records }) {
    const recorded = new Map(records?.tasks.map(({ pid, exitSignal }) => [pid, exitSignal]));
    return { exitSignal: (pid) => recorded.get(pid) };
  },
};
