import { EngineError, type MemoryArea, type MemoryRecord, recordsName } from '@criujs/engine-kit';
import { invalid } from '../../kinds/rules.ts';
import type { TraitKind, TraitPhase } from '../../kinds/traits/kind.ts';
import { placeOf } from '../../kinds/traits/place.ts';
import { traitKinds } from '../../kinds/traits/table.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';

import type { MapPlan, MemoryPlan } from './layout.ts';

/** What the records say of a process's memory. */
export type RecordedMemory = Omit<MemoryRecord, 'pid'>;

const nothing: RecordedMemory = { locksNew: 'no', keys: [], executeOnlyKey: null, areas: [] };

/**
 * Checks what the records say of a process's memory, and notes with each map what it has as a whole.
 * @throws EngineError IMAGE_INVALID for what is not where the process has memory
 */
export function placeTraits(maps: readonly MapPlan[], areas: readonly MemoryArea[]): void {
  const byStart = new Map(maps.map((map) => [map.start, map]));
  const isMapped = coverage(maps);
  for (const area of areas) {
    const kind = kindOf(area);
    const map = byStart.get(area.start);
    if (kind.wholeMaps && map?.end === area.end) map.traits.add(area.trait);
    else if (kind.wholeMaps || area.start >= area.end || !isMapped(area)) throw misplaced(area, kind);
  }
}

function kindOf({ trait }: MemoryArea): TraitKind {
  const kind = traitKinds.find((it) => it.trait === trait);
  if (kind === undefined) throw new EngineError('INTERNAL', `no kind of trait is called ${trait}`);
  return kind;
}

function misplaced(area: MemoryArea, { name }: TraitKind): EngineError {
  return invalid(recordsName, `${name} at ${placeOf(area)}, where the process has no such memory`);
}

/** Whether all of an area lies in maps, which come in the order of their addresses. */
function coverage(maps: readonly MapPlan[]): (area: MemoryArea) => boolean {
  const blocks: { start: number; end: number }[] = [];
  for (const { start, end } of maps) {
    const last = blocks.at(-1);
    if (last?.end === start) last.end = end;
    else blocks.push({ start, end });
  }
  return ({ start, end }) => {
    let [from, to] = [0, blocks.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((blocks[middle]?.end ?? 0) <= start) from = middle + 1;
      else to = middle;
    }
    const block = blocks[from];
    return block !== undefined && block.start <= start && end <= block.end;
  };
}

/**
 * What of the records this kernel can bring back. Without the rest there is a warning where no program relies on it.
 * @throws EngineError UNSUPPORTED where one does
 */
export function supportedMemory(
  pid: number,
  record: MemoryRecord | undefined,
  warn: (message: string) => void,
): RecordedMemory {
  const { areas, ...memory } = record ?? nothing;
  const has = ({ trait, isUsed }: TraitKind): boolean =>
    areas.some((area) => area.trait === trait) || isUsed?.(memory) === true;
  const missing = traitKinds.filter((kind) => has(kind) && !kind.isSupported());
  for (const { name, since, cosmetic } of missing) {
    const what = `process ${pid}: ${name} needs ${since}`;
    if (cosmetic) warn(`${what}, and is left out`);
    else
      throw new EngineError('UNSUPPORTED', `cannot restore ${what}`, {
        pid,
        remedy: `Restore it on ${since}, or allow the call in the seccomp filter of the container.`,
      });
  }
  return { ...memory, areas: areas.filter(({ trait }) => !missing.some((kind) => kind.trait === trait)) };
}

/** Calls that bring back the traits of one phase. */
export function traitCalls({ areas, maps }: MemoryPlan, phase: TraitPhase): TaskCall[] {
  const protection = new Map(maps.map(({ start, entry }) => [start, entry.prot]));
  return traitKinds
    .filter((kind) => kind.phase === phase)
    .flatMap(({ trait, calls }) =>
      areas.filter((area) => area.trait === trait).flatMap((area) => calls(area, protection.get(area.start) ?? 0)),
    );
}
