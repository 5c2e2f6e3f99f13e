import { unsupported } from '../rules.ts';
import type { ThreadKind } from './kind.ts';

/** Filters of system calls: what a dump meets is refused with the process. seccomp(2). */
export const seccompFilters: ThreadKind = {
  name: 'seccomp filters',
  describe: [],
  check({ own, core }, file) {
    if (own.seccompMode || core.tc?.oldSeccompMode)
      throw unsupported(`${file}: the program had a seccomp filter`, 'Restore it with CRIU.');
  },
};
