import type { Vma } from '@criujs/linux';
import { addressEnd, mapFlag } from '../../facts/memory.ts';
import type { MapPlace } from '../../kinds/maps/kind.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { minus, type Range } from '../../memory/ranges.ts';
import type { MapPlan } from './layout.ts';

/** PROT_NONE, of no file. mmap(2) */
const nothing = { descriptor: -1, protection: 0 } as const;

/**
 * Calls that make maps for which the kernel chooses the place itself. It has no choice: while they are made, everything else that is free
 * is taken by memory that nobody may use.
 * @param now what the process has
 * @param lowest the lowest address that may be mapped (vm.mmap_min_addr)
 */
export function steeredCalls(
  maps: readonly MapPlan[],
  now: readonly Vma[],
  lowest: number,
  place: MapPlace,
): TaskCall[] {
  const steered = maps.filter(({ kind }) => kind.steered);
  if (steered.length === 0) return [];
  const free = minus([{ start: lowest, end: addressEnd }], now);
  const others = minus(free, steered);
  return [
    ...others.map(take),
    ...steered.map(take),
    ...steered.flatMap((map) => [give(map), map.kind.make(map, place) ?? []].flat()),
    ...others.map(give),
  ];
}

function take({ start, end }: Range): TaskCall {
  const how = mapFlag.private | mapFlag.anonymous | mapFlag.noReserve | mapFlag.fixedNoReplace;
  return {
    name: 'mmap',
    args: [start, end - start, nothing.protection, how, nothing.descriptor, 0],
    expect: start,
    what: 'leave the kernel one place for a map',
  };
}

function give({ start, end }: Range): TaskCall {
  return { name: 'munmap', args: [start, end - start], what: 'leave the kernel one place for a map' };
}
