import type { Registration } from '../hook-names.ts';
import type { OriginalFunction } from '../inspection.ts';

/** What a descriptor says, made by macros or written out. */
export interface Described {
  readonly line: number;
  /** null: it cannot be read here. */
  readonly name: string | null;
  readonly version: string | null;
  readonly init: OriginalFunction | null;
  readonly exit: OriginalFunction | null;
  readonly hooks: readonly Registration[];
}

/** `NULL` is none. */
export function functionOf(name: string | null): OriginalFunction | null {
  return name === null || name === 'NULL' || name === '0' ? null : { name };
}
