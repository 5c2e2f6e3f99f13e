import {
  type CoreEntry,
  FsEntrySchema,
  isFieldSet,
  MmEntrySchema,
  TaskCoreEntrySchema,
  type VmaEntry,
  VmaEntrySchema,
} from '@criujs/images';
import { errnoName, readStat, readStatus } from '@criujs/linux';
import { protection, vmaStatus } from '../../facts/memory.ts';
import { prctl } from '../../facts/prctl.ts';
import type { OpenedFiles } from '../../files/open.ts';
import type { Session } from '../../run/session.ts';
import { credentialCalls } from '../../tasks/credentials.ts';
import { applyLimits } from '../../tasks/limits.ts';
import { applyOomScore, processCalls } from '../../tasks/process.ts';
import { schedulingCalls } from '../../tasks/scheduling.ts';
import { actionCalls, pendingCalls } from '../../tasks/signals.ts';
import { nameCall, threadCalls } from '../../tasks/threads.ts';
import { timerCalls } from '../../tasks/timers.ts';
import { runTaskCalls, type TaskCall } from '../remote.ts';
import { cloneThread } from './clone.ts';
import { placeCalls } from './descriptors.ts';
import { fillCalls } from './fill.ts';
import type { BuiltThread, Workshop } from './helper.ts';
import type { MapPlan, MemoryPlan } from './layout.ts';
import { finishMapCalls, mapCalls } from './map.ts';
import { setMm } from './mm.ts';
import type { TaskImage } from './read.ts';

/** What building one process takes. */
export interface TaskBuild {
  readonly image: TaskImage;
  readonly memory: MemoryPlan;
  readonly main: BuiltThread;
  readonly workshop: Workshop;
  readonly files: OpenedFiles;
  readonly session: Session;
  readonly newPids: boolean;
  /** The number at which the task finds one of the engine's descriptors. */
  inherited(fd: number): number;
  /** The engine's descriptor of the image of its pages. */
  readonly pages: number;
}

/** Turns a copy of the helper into the process of the images; all its threads stand still afterwards. */
export function buildTask(build: TaskBuild): BuiltThread[] {
  const { image, main, session } = build;
  const core = `core-${image.pid}.img`;
  run(build, main, memoryCalls(build), `mm-${image.pid}.img`);
  for (const warning of setMm(
    build.workshop.place(main),
    build.workshop.data,
    image.mm,
    build.inherited(build.files.mapping(image.mm.exeFileId, 'read')),
    `mm-${image.pid}.img`,
  ))
    session.warn(warning);
  run(build, main, surroundingCalls(build), `fdinfo-${image.ids.filesId}.img`);
  run(build, main, build.files.afterTasks(image.ids.filesId), 'files.img');
  run(build, main, characterCalls(build), core);
  const { tc } = leader(image);
  const threads = [main, ...image.threads.slice(1).map((tid) => cloneThread(main, build.workshop, tid, build.newPids))];
  // Behind the threads: the process may have lowered a limit when it had them.
  const oomScore =
    tc !== undefined && isFieldSet(tc, TaskCoreEntrySchema.field.oomScoreAdj) ? tc.oomScoreAdj : undefined;
  for (const warning of [...applyLimits(main.pid, tc?.rlimits?.rlimits ?? []), ...applyOomScore(main.pid, oomScore)])
    session.warn(warning);
  threads.forEach((thread, at) => {
    buildThread(build, thread, image.cores[at] as CoreEntry);
  });
  run(build, main, lastCalls(build), core);
  return threads;
}

function memoryCalls(build: TaskBuild): TaskCall[] {
  const { memory, main, workshop, files } = build;
  const source = (map: MapPlan): number => build.inherited(sourceOf(map, files));
  return [
    ...mapCalls(main.pid, memory, workshop, source),
    ...fillCalls(memory.fills, build.inherited(build.pages)),
    ...finishMapCalls(memory),
  ];
}

/** The engine's descriptor of what is mapped. */
export function sourceOf({ entry, device }: MapPlan, files: OpenedFiles): number {
  return device?.fd ?? files.mapping(Number(entry.shmid), accessOf(entry));
}

/** O_ACCMODE. open(2). */
const openMode = 3;

/** Maps that change their file need a descriptor that may write. */
export function accessOf(entry: VmaEntry): 'read' | 'write' {
  if (isFieldSet(entry, VmaEntrySchema.field.fdflags)) return entry.fdflags & openMode ? 'write' : 'read';
  return entry.status & vmaStatus.fileShared && entry.prot & protection.write ? 'write' : 'read';
}

/** Directories, umask and descriptors. */
function surroundingCalls(build: TaskBuild): TaskCall[] {
  const { image, files } = build;
  const root = build.inherited(files.directory(image.fs.rootId));
  const cwd = build.inherited(files.directory(image.fs.cwdId));
  const placements = files
    .placements(image.ids.filesId)
    .map(({ fd, source, cloexec }) => ({ fd, source: build.inherited(source), cloexec }));
  const calls: TaskCall[] = [];
  if (files.isForeignRoot(image.fs.rootId)) {
    calls.push({ name: 'fchdir', args: [root], what: 'go to its root directory' });
    calls.push({ name: 'chroot', args: [Buffer.from('.\0')], what: 'change its root directory' });
  }
  calls.push({ name: 'fchdir', args: [cwd], what: 'go to its working directory' });
  if (isFieldSet(image.fs, FsEntrySchema.field.umask))
    calls.push({ name: 'umask', args: [image.fs.umask], what: 'set its umask' });
  return [...calls, ...placeCalls(placements)];
}

/** Signal actions, personality and other properties of the process. */
function characterCalls(build: TaskBuild): TaskCall[] {
  const { tc, threadCore } = leader(build.image);
  if (tc === undefined) return [];
  const calls = [...actionCalls(tc.sigactions), ...processCalls(tc)];
  if (build.image.mm.thpDisabled)
    calls.push({ name: 'prctl', args: [prctl.setThpDisable, 1, 0, 0, 0], what: 'disable huge pages' });
  if (!threadCore?.comm) calls.push(nameCall(tc.comm));
  return calls;
}

function buildThread(build: TaskBuild, thread: BuiltThread, core: CoreEntry): void {
  const own = core.threadCore;
  const info = core.threadInfo;
  if (own === undefined || info === undefined) return;
  const place = build.workshop.place(thread);
  // Each thread is quick, and a process may have thousands.
  build.workshop.waiting(thread.tid, 0);
  const now = readStatus(thread.pid, thread.tid);
  const calls = [...threadCalls(own, info.clearTidAddr), ...schedulingCalls(own, readStat(thread.pid, thread.tid))];
  if (own.creds !== undefined) calls.push(...credentialCalls(own.creds, now));
  // The kernel forgets the signal when credentials change.
  if (own.pdeathSig)
    calls.push({
      name: 'prctl',
      args: [prctl.setParentDeathSignal, own.pdeathSig, 0, 0, 0],
      what: 'set its parent death signal',
    });
  calls.push(...pendingCalls(own.signalsP?.signals ?? [], { pid: thread.pid, tid: thread.tid }));
  const file = `core-${build.image.threads[build.image.cores.indexOf(core)]}.img`;
  for (const failed of runTaskCalls(place, build.workshop.data, calls, file)) warn(build, failed);
}

/** Dumpable is lost when credentials change, and timers should not run out before the process runs. */
function lastCalls(build: TaskBuild): TaskCall[] {
  const { tc } = leader(build.image);
  const { mm } = build.image;
  const dumpable = isFieldSet(mm, MmEntrySchema.field.dumpable) ? mm.dumpable : undefined;
  const calls: TaskCall[] = [];
  if (dumpable === 0 || dumpable === 1)
    calls.push({ name: 'prctl', args: [prctl.setDumpable, dumpable, 0, 0, 0], what: 'set whether it may be dumped' });
  calls.push(...pendingCalls(tc?.signalsS?.signals ?? [], { pid: build.main.pid }));
  return [...calls, ...timerCalls(tc?.timers)];
}

/** @param file the image that says what the calls are made with */
function run(build: TaskBuild, thread: BuiltThread, calls: readonly TaskCall[], file: string): void {
  for (const failed of runTaskCalls(build.workshop.place(thread), build.workshop.data, calls, file))
    warn(build, failed);
}

function warn(build: TaskBuild, failed: { what: string; errno: number }): void {
  build.session.warn(`process ${build.main.pid}: cannot ${failed.what} (${errnoName(failed.errno)})`);
}

function leader(image: TaskImage): CoreEntry {
  return image.cores[0] as CoreEntry;
}
