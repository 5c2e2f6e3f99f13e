import type { MapPlan } from '../../engine/restore/layout.ts';
import { mapFlag, protection } from '../../facts/memory.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';

/** mmap(2) at the place of a map. One that is filled may be written until it is; locks come last. */
export function mapCall(map: MapPlan, flags: number, fd: number, offset: number | bigint): TaskCall {
  const { entry, start, end, filled, traits } = map;
  const own = traits.has('droppable') ? entry.flags ^ (mapFlag.private | mapFlag.droppable) : entry.flags;
  const how = (own & ~mapFlag.locked) | mapFlag.fixed | flags;
  return {
    name: 'mmap',
    args: [start, end - start, entry.prot | (filled ? protection.write : 0), how, fd, offset],
    what: `map ${start.toString(16)}-${end.toString(16)}`,
  };
}

/** MAP_ANONYMOUS takes no file. mmap(2) */
const noFile = -1;

/** The same of memory without a file. */
export function mapPrivate(map: MapPlan): TaskCall {
  return mapCall(map, mapFlag.anonymous, noFile, 0);
}
