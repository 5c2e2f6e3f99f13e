import { type RemoteCall, readMaps, writeMemory } from '@criujs/linux';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import type { OpenedFiles } from '../../files/opened.ts';
import type { MapPlace } from '../../kinds/maps/kind.ts';
import { runBatch } from '../../machinery/calls/batch.ts';
import { type BuiltThread, lowestAddress, type Workshop } from '../../machinery/make/helper.ts';
import type { Range } from '../../memory/ranges.ts';
import type { PageSource } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import { runCalls } from './calls.ts';
import type { MemoryStages, Stage } from './copies.ts';
import { fillMemory } from './fill.ts';
import { type HugePagePolicy, hugeMaps, hugePageCalls } from './huge-pages.ts';
import type { MapPlan, MemoryPlan } from './layout.ts';
import { finishMapCalls, stageCalls, startCalls } from './map.ts';
import { allocateKeys } from './protection-keys.ts';
import type { TaskImage } from './read.ts';
import { sourceOf } from './sources.ts';
import { steeredCalls } from './steered.ts';

/** What building the memory of one process takes. */
export interface MemoryBuild {
  readonly image: TaskImage;
  readonly memory: MemoryPlan;
  readonly stages: MemoryStages;
  readonly main: BuiltThread;
  readonly workshop: Workshop;
  readonly files: OpenedFiles;
  readonly session: Session;
  /** The number at which the task finds one of the engine's descriptors. */
  inherited(fd: number): number;
  /** What it is filled with. */
  readonly pages: PageSource;
  /** Of this kernel. */
  readonly hugePages: HugePagePolicy;
}

/** Makes and fills the memory that the process's children keep, or that it keeps itself from its parent. */
export function buildEarlyMemory(build: MemoryBuild): void {
  const { early } = build.stages;
  if (early === null) return;
  start(build, early);
  make(build, early);
}

/** Makes the rest of the maps, fills them, and gives all of them what makes them theirs. */
export function buildMemory(build: MemoryBuild): void {
  const { memory, main, stages } = build;
  if (stages.early === null) start(build, stages.late);
  runCalls(build, main, allocateKeys(memory), imageOf(build));
  make(build, stages.late);
  if (memory.maps.some(({ kind }) => kind.steered)) {
    const calls = steeredCalls(memory.maps, readMaps(main.pid), lowestAddress(), placeOf(build));
    runCalls(build, main, calls, imageOf(build));
  }
  settleMaps(build);
  for (const { address, bytes } of memory.detour?.patches ?? []) writeMemory(main.pid, address, bytes);
  runCalls(build, main, finishMapCalls(memory), imageOf(build));
}

/** What the kernel makes takes the place of memory that holds its pages. */
function settleMaps(build: MemoryBuild): void {
  const { memory, main, workshop } = build;
  const task = {
    pid: main.pid,
    file: imageOf(build),
    data: workshop.data,
    run: (calls: readonly RemoteCall[]) => runBatch(workshop.place(main), calls),
  };
  for (const kind of new Set(memory.maps.map((map) => map.kind)))
    kind.settle?.(
      memory.maps.filter((map) => map.kind === kind),
      task,
    );
}

function start(build: MemoryBuild, { kept }: Stage): void {
  runCalls(build, build.main, startCalls(build.main.pid, build.memory, build.workshop, kept), imageOf(build));
}

function make(build: MemoryBuild, stage: Stage): void {
  const { main, pages, hugePages } = build;
  const plain = stage.maps.filter(isPlain);
  const huge = hugeMaps(plain, stage.fills, hugePages);
  const calls = [...stageCalls(stage, placeOf(build)), ...hugePageCalls(plain, huge, hugePages)];
  runCalls(build, main, calls, imageOf(build));
  const fresh = joined(plain.filter((map) => !huge.has(map)));
  fillMemory({ ...build, thread: main }, stage.fills, pages, imageOf(build), fresh);
}

function placeOf({ files, inherited, workshop }: MemoryBuild): MapPlace {
  return { source: (map) => inherited(sourceOf(map, files)), object: workshop.object };
}

/** The addresses of maps that lie side by side in one: the kernel may have joined them. */
function joined(maps: readonly MapPlan[]): Range[] {
  const spans: { start: number; end: number }[] = [];
  for (const { start, end } of maps) {
    const last = spans.at(-1);
    if (last?.end === start) last.end = end;
    else spans.push({ start, end });
  }
  return spans;
}

/** New private memory without a file. A stack grows while it is filled, and is small; huge pages must lie where they are. */
function isPlain({ entry: { flags, status }, device }: MapPlan): boolean {
  const kept = mapFlag.private | mapFlag.anonymous | mapFlag.growsDown | mapFlag.hugePages;
  return (
    device === null &&
    (flags & kept) === (mapFlag.private | mapFlag.anonymous) &&
    (status & vmaStatus.anonymousPrivate) !== 0
  );
}

function imageOf({ image }: MemoryBuild): string {
  return `mm-${image.pid}.img`;
}
