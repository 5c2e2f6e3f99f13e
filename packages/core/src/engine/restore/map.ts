import { EngineError } from '@criujs/engine-kit';
import { readMaps, type Vma } from '@criujs/linux';
import { adviceName, dontNeed, lockAll, lockOnFault, mapFlag, protection, remapFlag } from '../../facts/memory.ts';
import { bitsOf } from '../../kinds/bits.ts';
import type { MapPlace } from '../../kinds/maps/kind.ts';
import { placeOf } from '../../kinds/traits/place.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Workshop } from '../../machinery/make/helper.ts';
import { minus } from '../../memory/ranges.ts';
import type { KeptMap, Stage } from './copies.ts';
import type { MapPlan, MemoryPlan } from './layout.ts';
import { freeKeys } from './protection-keys.ts';
import { traitCalls } from './traits.ts';

/**
 * Calls that clear a task's memory of everything but ours and what it keeps, and move the kernel's pages to where they were.
 *
 * @param kept copies of its parent's memory
 */
export function startCalls(pid: number, plan: MemoryPlan, workshop: Workshop, kept: readonly KeptMap[]): TaskCall[] {
  const now = readMaps(pid).filter(({ name }) => name !== '[vsyscall]');
  const kernel = now.filter(({ name }) => name === '[vdso]' || name.startsWith('[vvar'));
  const others = now.filter((vma) => !kernel.includes(vma));
  // Of our own memory only the page of the helper's file goes: a program file is not replaced while it is mapped.
  const ours = { start: workshop.elfEnd, end: workshop.end };
  const staying = [ours, ...kept.map(({ map, end }) => ({ start: map.start, end }))].toSorted(
    (a, b) => a.start - b.start,
  );
  const clear = minus(others, staying).map(({ start, end }): TaskCall => {
    return { name: 'munmap', args: [start, end - start], what: 'clear its memory' };
  });
  return [...clear, ...moveKernelPages(pid, kernel, plan, workshop)];
}

/** Calls that make maps, and make those of its own that are copies of its parent's. */
export function stageCalls({ kept, maps }: Stage, place: MapPlace): TaskCall[] {
  return [
    ...kept.flatMap(keepCalls),
    ...maps.flatMap((map) => (map.kind.steered ? [] : (map.kind.make(map, place) ?? []))),
  ];
}

/** A copy gets the length and the protection that a new map would have, and loses pages that the process has not. */
function keepCalls({ map, of, end, discards }: KeptMap): TaskCall[] {
  const { start, entry } = map;
  const length = map.end - start;
  const calls = discards.map(({ start, end }): TaskCall => {
    return { name: 'madvise', args: [start, end - start, dontNeed], what: 'discard pages of its parent' };
  });
  if (end < map.end)
    calls.push({ name: 'mremap', args: [start, end - start, length, 0], what: `extend ${placeOf(map)}` });
  if (entry.prot !== of.entry.prot)
    calls.push({
      name: 'mprotect',
      args: [start, length, entry.prot | protection.write],
      what: `protect ${placeOf(map)}`,
    });
  return calls;
}

/** vvar and vdso keep their distance: the code of one finds the other by it. */
function moveKernelPages(pid: number, kernel: readonly Vma[], plan: MemoryPlan, workshop: Workshop): TaskCall[] {
  if (plan.vdso === null)
    return kernel.map(({ start, end }) => ({ name: 'munmap', args: [start, end - start], what: 'remove the vdso' }));
  const vdso = kernel.find(({ name }) => name === '[vdso]');
  const first = kernel[0];
  const last = kernel.at(-1);
  if (vdso === undefined || first === undefined || last === undefined)
    throw new EngineError('INTERNAL', `${pid} has no vdso, and the engine has one`);
  const delta = plan.detour === null ? plan.vdso.start - vdso.start : plan.detour.kernelAt - first.start;
  if (delta === 0) return [];
  const overlaps = first.start + delta < last.end && first.start < last.end + delta;
  if (!overlaps) return kernel.map((vma) => move(vma, vma.start, vma.start + delta));
  const aside = workshop.scratch - first.start;
  return [
    ...kernel.map((vma) => move(vma, vma.start, vma.start + aside)),
    ...kernel.map((vma) => move(vma, vma.start + aside, vma.start + delta)),
  ];
}

function move(vma: Vma, from: number, to: number): TaskCall {
  const size = vma.end - vma.start;
  return {
    name: 'mremap',
    args: [from, size, size, remapFlag.mayMove | remapFlag.fixed, to],
    what: `move ${vma.name}`,
  };
}

/** How new maps are locked; the engine makes none in the process any more. */
const newLocks: Readonly<Record<MemoryPlan['locksNew'], readonly number[]>> = {
  no: [],
  filled: [lockAll.future],
  'on-fault': [lockAll.future | lockAll.onFault],
};

/** Calls for when the maps are filled: their protection, advice, guard pages, locks, names and seals. */
export function finishMapCalls(plan: MemoryPlan): TaskCall[] {
  return [
    ...plan.maps.flatMap(protectCalls),
    ...traitCalls(plan, 'filled'),
    ...plan.maps.flatMap(lockCalls),
    ...traitCalls(plan, 'last'),
    ...freeKeys(plan),
    ...newLocks[plan.locksNew].map(
      (how): TaskCall => ({ name: 'mlockall', args: [how], optional: true, what: 'lock new maps in memory' }),
    ),
  ];
}

function protectCalls(map: MapPlan): TaskCall[] {
  const { entry, kind, start, end, filled } = map;
  const length = end - start;
  const place = placeOf(map);
  const calls: TaskCall[] = [];
  if ((kind.madeWith ?? (filled ? entry.prot | protection.write : entry.prot)) !== entry.prot)
    calls.push({ name: 'mprotect', args: [start, length, entry.prot], what: `protect ${place}` });
  for (const advice of bitsOf(entry.madv ?? 0n)) {
    calls.push({
      name: 'madvise',
      args: [start, length, advice],
      optional: true,
      what: `give ${place} the advice ${adviceName[advice] ?? advice}`,
    });
  }
  return calls;
}

/**
 * First without fetching pages, which fails only where the lock is not allowed. mlock(2) fails where pages cannot be fetched, such as
 * those that may not be read, and has locked them then.
 */
function lockCalls(map: MapPlan): TaskCall[] {
  const { entry, start, end, traits } = map;
  if (!(entry.flags & mapFlag.locked)) return [];
  const what = `lock ${placeOf(map)} in memory`;
  const whole = [start, end - start];
  const calls: TaskCall[] = [{ name: 'mlock2', args: [...whole, lockOnFault], optional: true, what }];
  if (!traits.has('locked-on-fault')) calls.push({ name: 'mlock', args: whole, optional: 'unsaid', what });
  return calls;
}
