import { readSeccompFilters, type SyscallName, syscallNumbers } from '@criujs/linux';
import { seccompMode } from '../../facts/seccomp.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { allowsCall } from '../filter-answer.ts';

/** All calls of the code that fills a ring, and of threads that wait meanwhile (`linux/processor`, aio-code.ts). */
const calls: readonly SyscallName[] = [
  'io_submit',
  'mmap',
  'eventfd2',
  'sched_getaffinity',
  'sched_setaffinity',
  'write',
  'sched_yield',
  'close',
  'munmap',
  'futex',
  'tgkill',
  'rt_sigreturn',
];

/**
 * The first of them that a filter of one of its threads does not always allow: filters do not count while we trace the process, but they
 * do if the engine dies meanwhile. null: none.
 */
export function forbiddenCall({ threads }: FrozenTask): SyscallName | null {
  for (const { tid, status } of threads) {
    if (status.seccomp === seccompMode.disabled) continue;
    // In strict mode there are no filters to read, and hardly any calls.
    if (status.seccomp === seccompMode.strict) return 'io_submit';
    const filters = readSeccompFilters(tid);
    const found = calls.find((name) => !filters.every(({ program }) => allowsCall(program, syscallNumbers[name])));
    if (found !== undefined) return found;
  }
  return null;
}
