import type { FoundRefusal } from '@criujs/engine-kit';
import { readSmaps, type Vma } from '@criujs/linux';
import { vmaStatus } from '../../facts/memory.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import { lookOnce } from '../../files/mapped.ts';
import { adviceOf, protectionOf } from '../../kinds/maps/flags.ts';
import type { DumpedPages, MapFields, MapProblem, SavedMap } from '../../kinds/maps/kind.ts';
import { saveOfFile } from '../../kinds/maps/of-file.ts';
import { recogniseMap } from '../../kinds/maps/table.ts';
import { problemOfFlags } from '../../kinds/maps/vm-flags.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { keepMaps } from '../../machinery/freeze/maps-of.ts';
import { staleMaps } from '../../machinery/infect/stale.ts';
import { mapResource } from '../../memory/describe.ts';
import { unclaimedMap } from '../../memory/device-question.ts';

/** A map of a process and what the image says of it. */
export interface DumpedMap {
  readonly vma: Vma;
  readonly entry: MapFields;
  readonly pages: DumpedPages;
}

/** All maps of a process. */
export interface DescribedMaps {
  readonly maps: readonly DumpedMap[];
  readonly refusals: readonly FoundRefusal[];
  /** What an earlier engine left behind and must be unmapped. */
  readonly stale: readonly Vma[];
}

/** Describes all maps of a frozen process; maps that cannot be restored become refusals. */
export function describeMaps(task: FrozenTask, files: CollectedFiles): DescribedMaps {
  const maps: DumpedMap[] = [];
  const refusals: FoundRefusal[] = [];
  const all = readSmaps(task.pid);
  keepMaps(task, all);
  const stale = staleMaps(task.pid, all);
  for (const vma of all) {
    if (stale.has(vma)) continue;
    const described = describeMap(task, vma, files);
    if ('why' in described) refusals.push(described);
    else if (!joinVvar(maps, described)) maps.push(described);
  }
  return { maps, refusals, stale: [...stale] };
}

function describeMap(task: FrozenTask, vma: Vma, files: CollectedFiles): DumpedMap | FoundRefusal {
  const saved = saveMap(task, vma, files);
  if ('why' in saved) {
    const { pid, command } = task;
    const { why, remedy, questions } = saved;
    return { pid, command, resource: mapResource(vma), why, remedy, ...(questions && { questions }) };
  }
  const madv = adviceOf(vma);
  const place = { start: BigInt(vma.start), end: BigInt(vma.end), pgoff: 0n, shmid: 0n, fd: -1n };
  const entry = { ...place, prot: protectionOf(vma), ...(madv === 0n ? {} : { madv }), ...saved.fields };
  return { vma, entry, pages: saved.pages };
}

/** A plugin that takes the device, or has the open file behind the map, comes before whatever the engine makes of it. */
function saveMap(task: FrozenTask, vma: Vma, files: CollectedFiles): SavedMap | MapProblem {
  const file = lookOnce(() => files.fileOfMap(task.pid, vma));
  const { kind, problem } = recogniseMap(vma, file);
  const context = { process: task, files, file };
  if (kind.byPlugins === 'device' && files.takesDevice(task, vma, mapResource(vma))) return kind.save(vma, context);
  const behind = files.externalMapping(task.pid, vma);
  if (typeof behind === 'number') return saveOfFile(vma, behind, 2);
  if (problem !== null) return problem;
  if (kind.byPlugins !== undefined) return behind ?? unclaimedMap(vma, kind);
  return problemOfFlags(vma) ?? kind.save(vma, context);
}

/** Newer kernels show the vvar in two parts; an image holds it as one. */
function joinVvar(maps: DumpedMap[], next: DumpedMap): boolean {
  const last = maps.at(-1);
  if (next.vma.name !== '[vvar_vclock]' || last === undefined || last.vma.end !== next.vma.start) return false;
  if (!(last.entry.status & vmaStatus.vvar)) return false;
  if (next.entry.end !== undefined) last.entry.end = next.entry.end;
  return true;
}
