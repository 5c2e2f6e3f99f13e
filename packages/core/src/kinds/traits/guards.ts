import { trySyscall } from '@criujs/linux';
import { guardInstall } from '../../facts/memory.ts';
import type { TraitKind } from './kind.ts';
import { placeOf } from './place.ts';

/** Pages that nobody may touch, without a map of their own. MADV_GUARD_INSTALL of madvise(2). */
export const guards: TraitKind = {
  trait: 'guard',
  name: 'guard pages',
  describe: [{ subject: 'memory', taken: ['guard pages (`MADV_GUARD_INSTALL`)'] }],
  // Advice is looked up before the length, and for no bytes there is nothing to do.
  isSupported: () => trySyscall('madvise', 0, 0, guardInstall) === 0,
  since: 'Linux 6.13',
  wholeMaps: false,
  phase: 'filled',
  calls: (area) => [
    {
      name: 'madvise',
      args: [area.start, area.end - area.start, guardInstall],
      what: `install guard pages at ${placeOf(area)}`,
    },
  ],
};
