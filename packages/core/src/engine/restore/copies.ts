import { mapFlag } from '../../facts/memory.ts';
import { isFileMap } from '../../kinds/maps/of-file.ts';
import { isOrdered, minus, overlaps, type Range } from '../../memory/ranges.ts';
import { type Comparison, createComparison } from '../../pages/same-pages.ts';
import type { PageSource } from '../../pages/source.ts';
import type { PagePlace } from '../../pages/task-memory.ts';
import type { MapPlan, MemoryPlan } from './layout.ts';
import type { TaskImage } from './read.ts';

// After a fork(2), parent and child share every page that neither has changed. Images have such a page twice. So that it is
// shared again, a parent gets its memory before its children are cloned, and a child keeps the pages that are the same in both.

/** Memory that is made at one time. */
export interface Stage {
  /** What the process has already, as a copy of its parent's. */
  readonly kept: readonly KeptMap[];
  readonly maps: readonly MapPlan[];
  readonly fills: readonly PagePlace[];
}

/** A map that a process has from its parent. */
export interface KeptMap {
  readonly map: MapPlan;
  /** The map of the parent that it begins in. */
  readonly of: MapPlan;
  /** Where the copy ends: the map may go on. */
  readonly end: number;
  /** Pages that the parent has there and the process has not. */
  readonly discards: readonly Range[];
}

/** When the parts of a process's memory are made. */
export interface MemoryStages {
  /** Before its children are cloned: what they keep, and what it keeps itself. null: nothing. */
  readonly early: Stage | null;
  /** Everything else. */
  readonly late: Stage;
}

/** A process as far as its memory is concerned. */
export interface MemoryOfTask {
  readonly image: Pick<TaskImage, 'pid' | 'ppid'>;
  readonly memory: Pick<MemoryPlan, 'maps' | 'fills'>;
  /** Only files are compared: a stream has each page once. */
  readonly pages: Pick<PageSource, 'file'>;
}

interface Fill extends PagePlace {
  readonly end: number;
}

interface Kept extends KeptMap {
  /** Pages that are the same. */
  readonly same: readonly Range[];
}

/**
 * Finds what processes share with their parents, and so when their memory is made.
 * @param check called between pieces of work; what it throws ends it
 */
export function planCopies<T extends MemoryOfTask>(
  tasks: readonly T[],
  check: () => void,
): (T & { readonly stages: MemoryStages })[] {
  const compare = createComparison(check);
  const byPid = new Map(tasks.map((task) => [task.image.pid, task]));
  const kept = tasks.map((child) => {
    const parent = byPid.get(child.image.ppid);
    return parent === undefined ? [] : keptMaps(parent, child, compare);
  });
  const early = new Set(kept.flat().flatMap(({ map, of }) => [map, of]));
  return tasks.map((task, at) => ({ ...task, stages: stagesOf(task.memory, kept[at] ?? [], early) }));
}

function stagesOf(
  { maps, fills }: MemoryOfTask['memory'],
  kept: readonly Kept[],
  early: ReadonlySet<MapPlan>,
): MemoryStages {
  const earlyMaps = maps.filter((map) => early.has(map));
  if (earlyMaps.length === 0) return { early: null, late: { kept: [], maps, fills } };
  const isKept = new Set(kept.map(({ map }) => map));
  const [first, later] = byTime(fills, earlyMaps);
  return {
    early: {
      kept,
      maps: earlyMaps.filter((map) => !isKept.has(map)),
      fills: minus(
        first,
        kept.flatMap(({ same }) => same),
      ).map(({ start, end, of }) => ({
        start,
        length: end - start,
        offset: of.offset + start - of.start,
      })),
    },
    late: { kept: [], maps: maps.filter((map) => !early.has(map)), fills: later },
  };
}

/** Those in early maps, in the order of addresses, and the others. A fill never crosses the border of a map. */
function byTime(fills: readonly PagePlace[], early: readonly MapPlan[]): [Fill[], PagePlace[]] {
  const first = overlaps(ordered(fills), early).map(({ one }) => one);
  const isFirst = new Set(first.map(({ offset }) => offset));
  return [first, fills.filter(({ offset }) => !isFirst.has(offset))];
}

function byStart(a: { readonly start: number }, b: { readonly start: number }): number {
  return a.start - b.start;
}

function ordered(fills: readonly PagePlace[]): Fill[] {
  return fills.map((fill) => ({ ...fill, end: fill.start + fill.length })).toSorted(byStart);
}

/** Maps of a child that are copies of its parent's: the same memory, with pages that are the same. */
function keptMaps(parent: MemoryOfTask, child: MemoryOfTask, compare: Comparison): Kept[] {
  const [from, to] = [parent.pages.file, child.pages.file];
  if (from === null || to === null) return [];
  const [had, has] = [ordered(parent.memory.fills), ordered(child.memory.fills)];
  // Images may say anything: what has a page twice is filled in their order.
  if (!isOrdered(had) || !isOrdered(has)) return [];
  const found = new Map<MapPlan, { readonly of: MapPlan; readonly same: Range[] }>();
  const pairs = overlaps(parent.memory.maps, child.memory.maps).filter(isCopy);
  for (const { start, end, one: both, other: pair } of overlaps(overlaps(had, has), pairs)) {
    const part = (file: number, fill: Fill) => ({ file, offset: fill.offset + start - fill.start });
    const same = compare({ start, end }, part(from, both.one), part(to, both.other));
    if (same.length === 0) continue;
    const known = found.get(pair.other) ?? { of: pair.one, same: [] };
    known.same.push(...same);
    found.set(pair.other, known);
  }
  return [...found].map(([map, { of, same }]) => {
    const end = Math.min(map.end, of.end);
    const gone = minus(overlaps(had, [{ start: map.start, end }]), has);
    return { map, of, end, same, discards: gone.map((it) => ({ start: it.start, end: it.end })) };
  });
}

/** Flags of a map that a copy need not have: they are set last. */
const laterFlags = mapFlag.locked;

/** Whether a map that begins in one of the parent's may be the rest of a copy of it. */
function isCopy({ one: of, other: map }: { readonly one: MapPlan; readonly other: MapPlan }): boolean {
  const [a, b] = [of.entry, map.entry];
  if (map.start < of.start || map.kind !== of.kind || !(b.flags & mapFlag.private)) return false;
  if ((a.flags & ~laterFlags) !== (b.flags & ~laterFlags) || map.device !== null || of.device !== null) return false;
  if (map.traits.has('droppable') || of.traits.has('droppable')) return false;
  if (!isFileMap(b)) return true;
  const place = ({ entry, start }: MapPlan): bigint => entry.pgoff - BigInt(start);
  return a.shmid === b.shmid && a.fdflags === b.fdflags && place(of) === place(map);
}
