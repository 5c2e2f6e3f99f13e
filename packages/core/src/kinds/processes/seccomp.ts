import { readStatus, unlessGone } from '@criujs/linux';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';
import { otherThreads } from './other-threads.ts';

/** Filters of system calls; each thread may have its own. seccomp(2). */
export const seccomp: ProcessKind = {
  name: 'seccomp filters',
  describe: [{ subject: 'processes', refused: ['seccomp filters'] }],
  recognise,
};

function recognise(process: SeenProcess): ProcessProblem[] {
  if (process.status.seccomp !== 0) return [filter('seccomp filter')];
  return otherThreads(process)
    .filter((tid) => unlessGone(() => readStatus(process.pid, tid).seccomp, 0) !== 0)
    .map((tid) => filter(`thread ${tid}: seccomp filter`));
}

function filter(resource: string): ProcessProblem {
  return {
    resource,
    why: 'seccomp filters are not supported yet',
    remedy: 'Run it without a seccomp filter, or dump it with CRIU.',
  };
}
