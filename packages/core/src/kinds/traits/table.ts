import type { MemoryArea } from '@criujs/engine-kit';
import type { Vma } from '@criujs/linux';
import { droppable } from './droppable.ts';
import { guards } from './guards.ts';
import type { TraitKind } from './kind.ts';
import { lockedOnFault } from './locked-on-fault.ts';
import { names } from './names.ts';
import { protectionKeys } from './protection-keys.ts';
import { seals } from './seals.ts';

/** Everything that a map may have besides what CRIU's images say, in the order in which it is restored. */
export const traitKinds: readonly TraitKind[] = [guards, droppable, lockedOnFault, names, protectionKeys, seals];

/** What a map has. */
export function traitsOf(vma: Vma): MemoryArea[] {
  const { start, end } = vma;
  return traitKinds.flatMap(({ trait, recognise }) => {
    const found = recognise?.(vma) ?? null;
    return found === null ? [] : [{ start, end, trait, name: null, key: null, ...found }];
  });
}
