import { EngineError } from '@criujs/engine-kit';
import { readMaps, type Vma } from '@criujs/linux';
import { adviceName, lockAll, lockOnFault, mapFlag, protection, remapFlag } from '../../facts/memory.ts';
import { bitsOf } from '../../kinds/bits.ts';
import type { MapPlace } from '../../kinds/maps/kind.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Workshop } from '../../machinery/make/helper.ts';
import type { MapPlan, MemoryPlan } from './layout.ts';
import { allocateKeys, freeKeys } from './protection-keys.ts';
import { traitCalls } from './traits.ts';

/**
 * Calls that clear a task's memory of everything but ours, move the kernel's pages to where they were, and make the maps.
 *
 */
export function mapCalls(pid: number, plan: MemoryPlan, workshop: Workshop, place: MapPlace): TaskCall[] {
  const now = readMaps(pid).filter(({ name }) => name !== '[vsyscall]');
  const kernel = now.filter(({ name }) => name === '[vdso]' || name.startsWith('[vvar'));
  return [
    ...clear(now, kernel, workshop),
    ...moveKernelPages(pid, kernel, plan, workshop),
    ...allocateKeys(plan),
    ...plan.maps.flatMap((map) => map.kind.make(map, place) ?? []),
  ];
}

function clear(now: readonly Vma[], kernel: readonly Vma[], workshop: Workshop): TaskCall[] {
  return now.flatMap((vma): TaskCall[] => {
    if (kernel.includes(vma)) return [];
    // Of our own memory only the page of the helper's file goes: a program file is not replaced while it is mapped.
    if (vma.start >= workshop.elfEnd && vma.end <= workshop.end) return [];
    const end = vma.start === workshop.start ? workshop.elfEnd : vma.end;
    return [{ name: 'munmap', args: [vma.start, end - vma.start], what: 'clear its memory' }];
  });
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

function protectCalls({ entry, kind, start, end, filled }: MapPlan): TaskCall[] {
  const length = end - start;
  const place = `${start.toString(16)}-${end.toString(16)}`;
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
function lockCalls({ entry, start, end, traits }: MapPlan): TaskCall[] {
  if (!(entry.flags & mapFlag.locked)) return [];
  const what = `lock ${start.toString(16)}-${end.toString(16)} in memory`;
  const whole = [start, end - start];
  const calls: TaskCall[] = [{ name: 'mlock2', args: [...whole, lockOnFault], optional: true, what }];
  if (!traits.has('locked-on-fault')) calls.push({ name: 'mlock', args: whole, optional: 'unsaid', what });
  return calls;
}
