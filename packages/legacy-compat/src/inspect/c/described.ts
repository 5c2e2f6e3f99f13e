import type { Registration } from '../hook-names.ts';
import type { OriginalFunction } from '../inspection.ts';
import type { Place } from './tokens.ts';

/** A registration and where it is. */
export interface Found extends Registration, Place {}

/** What a descriptor says, made by macros or written out. */
export interface Described extends Place {
  /** null: it cannot be read here. */
  readonly name: string | null;
  readonly version: string | null;
  readonly init: OriginalFunction | null;
  readonly exit: OriginalFunction | null;
  readonly hooks: readonly Found[];
  /** What could not be followed: there may be more hooks. */
  readonly obstacles: readonly string[];
}

/** `NULL` is none. */
export function functionOf(name: string | null): OriginalFunction | null {
  return isNone(name) ? null : { name };
}

export function isNone(name: string | null): boolean {
  return name === null || name === 'NULL' || name === '0' || name === 'nullptr' || name === '__null';
}

/** As compilers name a place. */
export function at({ file, line }: Place): string {
  return `${file}:${line}`;
}
