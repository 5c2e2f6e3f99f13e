import { EngineError, type MemoryTrait } from '@criujs/engine-kit';
import type { VmaEntry } from '@criujs/images';
import { addressEnd, pageSize, vmaStatus } from '../../facts/memory.ts';
import type { MapKind } from '../../kinds/maps/kind.ts';
import { kindOfMap } from '../../kinds/maps/table.ts';
import { invalid } from '../../kinds/rules.ts';
import { runsOf } from '../../pages/pagemap.ts';
import type { PageRun } from '../../pages/source.ts';
import type { PagePlace } from '../../pages/task-memory.ts';
import type { TaskImage } from './read.ts';
import { placeTraits, type RecordedMemory } from './traits.ts';
import type { VdsoDetour } from './vdso.ts';

/** A map to restore. Addresses in bytes. */
export interface MapPlan {
  readonly start: number;
  readonly end: number;
  readonly entry: VmaEntry;
  readonly kind: MapKind;
  /** What it has as a whole and its entry does not say. */
  readonly traits: Set<MemoryTrait>;
  /** Whether pages of the image go into it. */
  filled: boolean;
  /** The key of the object that it maps, once objects are read. */
  object: string | null;
  /** For a map that a plugin took at the dump: what it is made from now. */
  device: MapSource | null;
}

/** What a map is made from. */
export interface MapSource {
  /** A descriptor of the engine's. */
  readonly fd: number;
  /** In bytes. */
  readonly offset: number | bigint;
}

/** What a process's memory is to look like. */
export interface MemoryPlan extends RecordedMemory {
  readonly maps: readonly MapPlan[];
  /** All pages that the image has. */
  readonly runs: readonly PageRun[];
  /** Those that belong into maps, cut at the borders of maps. */
  readonly fills: readonly PagePlace[];
  readonly vdso: { readonly start: number; readonly end: number } | null;
  readonly vvar: { readonly start: number; readonly end: number } | null;
  /** null: the vdso of this kernel takes the place of the one that it had. */
  readonly detour: VdsoDetour | null;
}

/** A process while it is planned: its images, and what its memory is to be. */
export interface Planned {
  readonly image: TaskImage;
  readonly memory: MemoryPlan;
}

/** Whoever shares it has its pages. */
const sharedStatus = vmaStatus.fileShared | vmaStatus.anonymousShared | vmaStatus.sysvShared | vmaStatus.socket;

/** What the kernel gives to every process. */
const ofKernel = vmaStatus.vsyscall | vmaStatus.vdso | vmaStatus.vvar;

/** Checks the maps and pages of a process's images, and what the records say of them, and lays out what is to be done. */
export function planMemory(task: TaskImage, recorded: RecordedMemory): MemoryPlan {
  const file = `mm-${task.pid}.img`;
  const all = task.mm.vmas.filter(({ status }) => !(status & vmaStatus.vsyscall));
  const maps: MapPlan[] = [];
  let last = 0;
  for (const entry of all) {
    const [start, end] = [Number(entry.start), Number(entry.end)];
    if (start < last || end <= start || end > addressEnd || start % pageSize !== 0 || end % pageSize !== 0)
      throw invalid(file, `an impossible map ${entry.start.toString(16)}-${entry.end.toString(16)}`);
    const kind = kindOfMap(entry);
    kind.check?.(entry, file);
    if (!(entry.status & ofKernel))
      maps.push({ start, end, entry, kind, traits: new Set(), filled: false, object: null, device: null });
    last = end;
  }
  const vdso = areaOf(all, vmaStatus.vdso);
  const runs = runsOf(`pagemap-${task.pid}.img`, task.pagemap);
  const fills = planFills(`pagemap-${task.pid}.img`, runs, maps, vdso);
  placeTraits(maps, recorded.areas);
  return { ...recorded, maps, runs, fills, vdso, vvar: areaOf(all, vmaStatus.vvar), detour: null };
}

function areaOf(vmas: readonly VmaEntry[], status: number): { start: number; end: number } | null {
  const found = vmas.find((vma) => vma.status & status);
  return found === undefined ? null : { start: Number(found.start), end: Number(found.end) };
}

/** Cuts the runs of pages at the borders of maps. The pages of a vdso are the kernel's own, unless it is null. */
export function planFills(
  file: string,
  runs: readonly PageRun[],
  maps: readonly MapPlan[],
  vdso: MemoryPlan['vdso'],
): PagePlace[] {
  const fills: PagePlace[] = [];
  let offset = 0;
  let at = 0;
  for (const { start, end } of runs) {
    let length = end - start;
    let from = start;
    if (vdso !== null && from >= vdso.start && from + length <= vdso.end) {
      offset += length;
      continue;
    }
    while (length > 0) {
      while (at < maps.length && (maps[at] as MapPlan).end <= from) at++;
      const map = maps[at];
      if (map === undefined || map.start > from) throw invalid(file, `pages at ${from.toString(16)}, outside any map`);
      if (map.entry.status & sharedStatus)
        throw invalid(file, `pages at ${from.toString(16)}, in a map whose pages belong elsewhere`);
      const part = Math.min(length, map.end - from);
      map.filled = true;
      fills.push({ start: from, length: part, offset });
      from += part;
      length -= part;
      offset += part;
    }
  }
  return fills;
}

/**
 * Finds room for the engine's own code where no task has a map.
 *
 * @param length how much is needed, in bytes
 * @param lowest the lowest address that may be mapped (vm.mmap_min_addr)
 */
export function findHole(plans: readonly MemoryPlan[], length: number, lowest: number): number {
  const taken = plans
    .flatMap(({ maps, vdso, vvar }) => [...maps, ...(vdso ? [vdso] : []), ...(vvar ? [vvar] : [])])
    .sort((a, b) => a.start - b.start);
  let hole = roundUp(Math.max(lowest, 0x10000));
  for (const { start, end } of taken) {
    if (hole + length <= start) break;
    if (end > hole) hole = roundUp(end);
  }
  if (hole + length > addressEnd)
    throw new EngineError('KERNEL', `there are no ${length} bytes of address space that are free in all processes`);
  return hole;
}

const granularity = 0x10000;

function roundUp(address: number): number {
  return Math.ceil(address / granularity) * granularity;
}
