import { trySyscall } from '@criujs/linux';
import type { TraitKind } from './kind.ts';
import { placeOf } from './place.ts';

/** The kernel seals its own pages, or does not, in every process. CONFIG_MSEAL_SYSTEM_MAPPINGS. */
const ofKernel = /^\[(?:vdso|vvar|vvar_vclock|vsyscall|uprobes)\]$/;

/** Memory that can no longer be unmapped, moved or protected otherwise. mseal(2). Nothing can be done to it afterwards. */
export const seals: TraitKind = {
  trait: 'sealed',
  name: 'sealed memory',
  describe: [{ subject: 'memory', taken: ['seals (`mseal`)'] }],
  recognise: ({ vmFlags, name }) => (vmFlags?.has('sl') && !ofKernel.test(name) ? {} : null),
  isSupported: () => trySyscall('mseal', 0, 0, 0) === 0,
  since: 'Linux 6.10',
  wholeMaps: true,
  phase: 'last',
  calls: (area) => [{ name: 'mseal', args: [area.start, area.end - area.start, 0], what: `seal ${placeOf(area)}` }],
};
