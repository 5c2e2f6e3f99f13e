import type { ObjectKind } from './kind.ts';
import { sharedMemory } from './shared-memory.ts';

/** Every kind of object. */
export const objectKinds: readonly ObjectKind[] = [sharedMemory];
