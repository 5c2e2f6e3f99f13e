import { trySyscall } from '@criujs/linux';
import type { TraitKind } from './kind.ts';
import { placeOf } from './place.ts';

/**
 * Memory that each thread forbids itself by a register, pkeys(7). The keys are allocated before there are maps
 * (`engine/restore/protection-keys.ts`); what a thread forbids is in its extended state.
 */
export const protectionKeys: TraitKind = {
  trait: 'protection-key',
  name: 'protection keys',
  describe: [{ subject: 'memory', taken: ['protection keys (`pkey_mprotect`)'] }],
  recognise: ({ protectionKey = 0 }) => (protectionKey === 0 ? null : { key: protectionKey }),
  isUsed: ({ keys }) => keys.length > 0,
  isSupported() {
    const key = trySyscall('pkey_alloc', 0, 0);
    return key > 0 && trySyscall('pkey_free', key) === 0;
  },
  since: 'a processor with protection keys (PKU)',
  wholeMaps: true,
  phase: 'last',
  calls: (area, protection) => [
    {
      name: 'pkey_mprotect',
      args: [area.start, area.end - area.start, protection, area.key ?? 0],
      what: `give ${placeOf(area)} its protection key`,
    },
  ],
};
