import type { MemoryArea, MemoryRecord, MemoryTrait } from '@criujs/engine-kit';
import type { Vma } from '@criujs/linux';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Description } from '../description.ts';

/** When calls are made for a trait: when all maps are filled, or after they have their protection, advice and locks. */
export type TraitPhase = 'filled' | 'last';

/**
 * What a map or a part of one has and CRIU's images have no place for: criujs.json says it. A dump by CRIU, and a restore with it,
 * loses it.
 */
export interface TraitKind {
  readonly trait: MemoryTrait;
  /** In words, for errors and warnings. */
  readonly name: string;
  readonly describe: readonly Description[];
  /** Whether a map has it, and by which name; absent: it is found among the pages. */
  recognise?(vma: Vma): Partial<Pick<MemoryArea, 'name' | 'key'>> | null;
  /** Whether a process needs it although no part of its memory has it. */
  isUsed?(memory: Pick<MemoryRecord, 'keys'>): boolean;
  /** Whether this kernel has it. Asks it with a call that changes nothing. */
  isSupported(): boolean;
  /** Which kernel has it, in words. */
  readonly since: string;
  /** A program does not rely on it: without it there is a warning. */
  readonly cosmetic?: true;
  /** Whether it covers whole maps only. */
  readonly wholeMaps: boolean;
  readonly phase: TraitPhase;
  /**
   * Calls of the process that has the memory; none where making the map does it.
   * @param protection of the map, for one that covers whole maps
   */
  calls(area: MemoryArea, protection: number): readonly TaskCall[];
}
