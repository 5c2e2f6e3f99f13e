import { readFileSync, writeFileSync } from 'node:fs';
import type { ProcessKind } from './kind.ts';

/** Which of its maps a core file gets. proc_pid_coredump_filter(5). */
export const coreDumpFilter: ProcessKind = {
  name: 'core dump filter',
  describe: [{ subject: 'rights and limits', taken: ['core dump filter'] }],
  look({ pid }) {
    const filter = filterOf(pid);
    return filter === null ? {} : { record: { coreDumpFilter: filter } };
  },
  apply(_, { pid, recorded, warn }) {
    const wanted = recorded?.coreDumpFilter;
    if (wanted === undefined || wanted === filterOf(pid)) return;
    try {
      writeFileSync(`/proc/${pid}/coredump_filter`, `0x${wanted.toString(16)}`);
    } catch (error) {
      warn(`cannot set coredump_filter to 0x${wanted.toString(16)}: ${(error as NodeJS.ErrnoException).code}`);
    }
  },
};

/** null: this kernel writes no core files. */
function filterOf(pid: number): number | null {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'latin1'), 16);
  } catch {
    return null;
  }
}
