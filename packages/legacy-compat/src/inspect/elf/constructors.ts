import { stepAarch64 } from './aarch64.ts';
import type { Descriptor } from './descriptor.ts';
import type { Dynamic } from './dynamic.ts';
import { type Budget, follow, type Step } from './follow.ts';
import type { Image } from './image.ts';
import type { Pointers, Target } from './relocations.ts';
import { stepX86 } from './x86-64/step.ts';

/** By the names of machines. */
const steps: Readonly<Record<string, Step>> = { x86_64: stepX86, aarch64: stepAarch64 };

/** More than any plugin has. */
const mostConstructors = 4096;
/** Of all its constructors together: those that set hooks have some ten each. */
const mostInstructions = 65_536;

/** The hooks that constructors set, by number; null for a function that is not known. */
export interface SetHooks {
  readonly hooks: ReadonlyMap<number, Target | null>;
  /** Constructors that could not be followed to their end: they may set more. */
  readonly unread: readonly number[];
  /** How many hooks they declare; null: they leave it as it is in the file. */
  readonly declared: number | null;
  /** Whether what `init` does to the list of hooks is not understood. */
  readonly initUnread: boolean;
}

/**
 * CRIU's CR_PLUGIN_REGISTER_HOOK makes a constructor that stores a pointer into the descriptor when the object is loaded: the
 * list of hooks in the file is empty. Those few instructions are followed here, and not run. So is `init`, which CRIU calls before
 * it reads the list; but that has other work, too.
 */
export function readConstructors(image: Image, dynamic: Dynamic, pointers: Pointers, descriptor: Descriptor): SetHooks {
  const { list, whole: watched, counted, init } = descriptor;
  const hooks = new Map<number, Target | null>();
  const unread: number[] = [];
  const step = steps[image.machine.name];
  const numbers: number[] = [];
  const budget = { instructions: mostInstructions };
  for (const start of constructorsOf(dynamic, pointers)) if (!read(start, budget, false)) unread.push(start);
  const initRead =
    init?.address == null || step === undefined || read(init.address, { instructions: mostInstructions }, true);
  return { hooks, unread, declared: numbers.length === 0 ? null : Math.max(...numbers), initUnread: !initRead };

  /** Whether all of it was understood. */
  function read(start: number, left: Budget, hasOtherWork: boolean): boolean {
    if (step === undefined) return false;
    const followed = follow({ step, image, pointers, watched, counted, budget: left }, start, hasOtherWork);
    for (const { address, value } of followed.stores) {
      if (address >= list.start) hooks.set(Math.floor((address - list.start) / 8), value);
    }
    numbers.push(...followed.numbers);
    return followed.whole;
  }
}

function constructorsOf(dynamic: Dynamic, pointers: Pointers): readonly number[] {
  const table = dynamic.table('constructors', 'constructorsSize');
  if (table === null) return [];
  const count = Math.min(mostConstructors, Math.floor(table.size / 8));
  return Array.from({ length: count }, (_, index) => pointers.at(table.start + index * 8)?.address ?? null).filter(
    (it) => it !== null,
  );
}
