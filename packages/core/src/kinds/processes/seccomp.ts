import type { ProcessKind } from './kind.ts';

/** Filters of system calls. seccomp(2). */
export const seccomp: ProcessKind = {
  name: 'seccomp filters',
  describe: [{ subject: 'processes', refused: ['seccomp filters'] }],
  recognise: ({ status }) =>
    status.seccomp === 0
      ? []
      : [
          {
            resource: 'seccomp filter',
            why: 'seccomp filters are not supported yet',
            remedy: 'Run it without a seccomp filter, or dump it with CRIU.',
          },
        ],
};
