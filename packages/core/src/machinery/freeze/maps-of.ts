import { readMaps, type Vma } from '@criujs/linux';
import type { FrozenTask } from './freeze.ts';

const known = new WeakMap<FrozenTask, readonly Vma[]>();

/** The memory maps of a frozen task, which only we could change: they are read once, since there may be many. */
export function mapsOf(task: FrozenTask): readonly Vma[] {
  const maps = known.get(task) ?? readMaps(task.pid);
  known.set(task, maps);
  return maps;
}

/** Keeps what somebody has read already. */
export function keepMaps(task: FrozenTask, maps: readonly Vma[]): void {
  known.set(task, maps);
}
