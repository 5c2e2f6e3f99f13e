import { EngineError } from '@criujs/engine-kit';
import type { VmaEntry } from '@criujs/images';
import type { Vma } from '@criujs/linux';
import type { HeldFile } from '../files/held.ts';
import { aioRingMap } from './aio-ring.ts';
import { anonymous, heap } from './anonymous.ts';
import { descriptorMap, deviceMap, fileMap, memfdMap } from './files.ts';
import { hugePages } from './huge-pages.ts';
import { vdso, vsyscall, vvar } from './kernel-pages.ts';
import type { MapKind, MapProblem } from './kind.ts';
import { packetRingMap } from './packet-ring.ts';
import { ringMap } from './ring.ts';
import { segmentMap } from './segment.ts';
import { sharedMemory } from './shared-memory.ts';
import { unsupportedMaps } from './unsupported.ts';

/** Every kind of memory map, in the order in which they are asked. The last one takes what is left, if its file is there. */
export const mapKinds: readonly MapKind[] = [
  vsyscall,
  vdso,
  vvar,
  hugePages,
  heap,
  segmentMap,
  ...unsupportedMaps,
  aioRingMap,
  memfdMap,
  ringMap,
  packetRingMap,
  descriptorMap,
  sharedMemory,
  anonymous,
  deviceMap,
  fileMap,
];

/** The first kind that knows a map, and why it cannot be dumped, if so. */
export function recogniseMap(
  vma: Vma,
  file: () => HeldFile | MapProblem,
): { readonly kind: MapKind; readonly problem: MapProblem | null } {
  for (const kind of mapKinds) {
    const answer = kind.recognise(vma, file);
    if (answer !== null) return { kind, problem: answer === 'mine' ? null : answer };
  }
  throw new EngineError('INTERNAL', `no kind of map has an answer for ${vma.name}`);
}

/** The kind of an entry of the images. */
export function kindOfMap(entry: VmaEntry): MapKind {
  const kind = mapKinds.find(({ matches }) => matches(entry));
  if (kind === undefined) throw new EngineError('INTERNAL', `no kind of map has the status ${entry.status}`);
  return kind;
}
