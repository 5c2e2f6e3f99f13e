import type { ObjectKind } from './kind.ts';

/** Every kind of object. */
export const objectKinds: readonly ObjectKind[] = [];
