import { trySyscall, type Vma } from '@criujs/linux';
import { prctl } from '../../facts/prctl.ts';
import type { TraitKind } from './kind.ts';
import { placeOf } from './place.ts';

/** PR_SET_VMA_ANON_NAME. PR_SET_VMA(2const). */
const anonymousName = 0;
/** How maps of private and of shared memory show their name. proc_pid_maps(5). */
const shown = /^\[anon(?:_shmem)?:(.*)\]$/s;

/** Names that a program gave to memory of nothing. */
export const names: TraitKind = {
  trait: 'named',
  name: 'names of memory',
  describe: [{ subject: 'memory', taken: ['names (`PR_SET_VMA_ANON_NAME`)'] }],
  recognise({ name }: Vma) {
    const [, given] = shown.exec(name) ?? [];
    return given === undefined ? null : { name: given };
  },
  isSupported: () => trySyscall('prctl', prctl.setVma, anonymousName, 0, 0, 0) === 0,
  since: 'Linux 5.17 with CONFIG_ANON_VMA_NAME',
  cosmetic: true,
  wholeMaps: true,
  phase: 'last',
  calls: (area) => [
    {
      name: 'prctl',
      args: [prctl.setVma, anonymousName, area.start, area.end - area.start, Buffer.from(`${area.name}\0`, 'latin1')],
      what: `name ${placeOf(area)}`,
    },
  ],
};
