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

/** What a map has: mostly nothing. */
export function traitsOf(vma: Vma): readonly MemoryArea[] {
  let areas: MemoryArea[] | undefined;
  for (const { trait, recognise } of traitKinds) {
    const found = recognise?.(vma) ?? null;
    if (found === null) continue;
    areas ??= [];
    areas.push({ start: vma.start, end: vma.end, trait, name: null, key: null, ...found });
  }
  return areas ?? none;
}

const none: readonly MemoryArea[] = [];
