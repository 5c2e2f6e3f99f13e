import { readText } from '@criujs/linux';
import type { ProcessKind } from './kind.ts';
import { writeProcFile } from './proc-file.ts';

/** Which of its maps a core file gets. proc_pid_coredump_filter(5). */
export const coreDumpFilter: ProcessKind = {
  name: 'core dump filter',
  describe: [{ subject: 'rights and limits', taken: ['core dump filter'] }],
  reads: { texts: ['coredump_filter'] },
  look({ pid }) {
    const filter = filterOf(pid);
    return filter === null ? {} : { record: { coreDumpFilter: filter } };
  },
  apply(_, process) {
    const wanted = process.recorded?.coreDumpFilter;
    if (wanted === undefined || wanted === filterOf(process.pid)) return;
    const text = `0x${wanted.toString(16)}`;
    writeProcFile(process, 'coredump_filter', text, `set coredump_filter to ${text}`);
  },
};

/** null: this kernel writes no core files. */
function filterOf(pid: number): number | null {
  try {
    return Number.parseInt(readText(pid, 'coredump_filter'), 16);
  } catch {
    return null;
  }
}
