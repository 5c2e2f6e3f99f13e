import { mapFlag, protection } from '../../facts/memory.ts';
import type { ObjectPlace } from './kind.ts';

/** What is mapped, and how beside shared and at its place. mmap(2) */
export interface ObjectMap {
  /** In bytes. */
  readonly size: number;
  /** The task's descriptor; -1: none. */
  readonly fd: number;
  readonly flags: number;
  readonly what: string;
}

/** Maps all of an object where it lies in the process that all others are cloned from. */
export function mapObject({ at, run }: ObjectPlace, { size, fd, flags, what }: ObjectMap): void {
  const how = mapFlag.shared | mapFlag.fixedNoReplace | flags;
  const args = [at, size, protection.read | protection.write, how, fd, 0];
  run([{ name: 'mmap', args, expect: at, what }]);
}
