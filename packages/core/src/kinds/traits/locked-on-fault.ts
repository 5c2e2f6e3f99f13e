import type { TraitKind } from './kind.ts';

/** Memory whose pages are locked as they come. MLOCK_ONFAULT of mlock2(2). The lock of its map is made so. */
export const lockedOnFault: TraitKind = {
  trait: 'locked-on-fault',
  name: 'memory that is locked when it is used',
  describe: [{ subject: 'memory', taken: ['locks (`mlock`, also `MLOCK_ONFAULT`)'] }],
  recognise: ({ vmFlags }) => (vmFlags?.has('lf') ? {} : null),
  isSupported: () => true,
  since: 'Linux 4.4',
  wholeMaps: true,
  phase: 'filled',
  calls: () => [],
};
