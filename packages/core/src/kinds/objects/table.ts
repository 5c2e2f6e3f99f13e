import type { ObjectKind } from './kind.ts';
import { memfdMemory } from './memfd.ts';
import { segments } from './segments.ts';
import { sharedMemory } from './shared-memory.ts';

/** Every kind of object. */
export const objectKinds: readonly ObjectKind[] = [memfdMemory, sharedMemory, segments];
