import type { VmaEntry } from '@criujs/images';
import type { MapPlan } from '../../engine/restore/layout.ts';
import { addressEnd, remapFlag } from '../../facts/memory.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { invalid } from '../rules.ts';
import type { MapPlace } from './kind.ts';

/** Refuses a place in an object that no object can have. @throws EngineError IMAGE_INVALID */
export function checkPlace({ pgoff, start, end }: VmaEntry, file: string): void {
  if (pgoff + end - start > BigInt(addressEnd))
    throw invalid(file, `a map of shared memory at its byte ${pgoff}, which fits into no address space`);
}

/**
 * Maps a part of an object once more: mremap(2) with an old size of 0. It may be read, and written where the object may, until the map
 * is finished.
 */
export function mapAgain({ entry, start, end, object: key }: MapPlan, { object }: MapPlace): TaskCall {
  const from = object(key ?? '') + Number(entry.pgoff);
  return {
    name: 'mremap',
    args: [from, 0, end - start, remapFlag.mayMove | remapFlag.fixed, start],
    what: `map ${start.toString(16)}-${end.toString(16)}`,
  };
}
