import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/** Filters of system calls; each thread may have its own. seccomp(2). */
export const seccomp: ProcessKind = {
  name: 'seccomp filters',
  describe: [{ subject: 'processes', refused: ['seccomp filters'] }],
  recognise,
};

function recognise({ status, others }: SeenProcess): ProcessProblem[] {
  if (status.seccomp !== 0) return [filter('seccomp filter')];
  return others
    .filter((thread) => (thread.status()?.seccomp ?? 0) !== 0)
    .map(({ tid }) => filter(`thread ${tid}: seccomp filter`));
}

function filter(resource: string): ProcessProblem {
  return {
    resource,
    why: 'seccomp filters are not supported yet',
    remedy: 'Run it without a seccomp filter, or dump it with CRIU.',
  };
}
