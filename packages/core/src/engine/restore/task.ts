import type { AttributesRecord } from '@criujs/engine-kit';
import { type CoreEntry, FsEntrySchema, isFieldSet } from '@criujs/images';
import { readStat, readStatus } from '@criujs/linux';
import type { ProcessPhase, RestoredProcess } from '../../kinds/processes/kind.ts';
import { processKinds } from '../../kinds/processes/table.ts';
import { threadKinds } from '../../kinds/threads/table.ts';
import type { LoadedTree, ThreadStep } from '../../kinds/trees/kind.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { cloneThread } from '../../machinery/make/clone.ts';
import { placeCalls } from '../../machinery/make/descriptors.ts';
import { fetchDescriptors } from '../../machinery/make/fetch.ts';
import type { BuiltThread } from '../../machinery/make/helper.ts';
import type { Authority } from './authority.ts';
import { runCalls } from './calls.ts';
import { buildMemory, type MemoryBuild } from './memory.ts';
import { setMm } from './mm.ts';
import type { TaskImage } from './read.ts';

/** What building one process takes. */
export interface TaskBuild extends MemoryBuild {
  readonly newPids: boolean;
  /** Whose descriptors are placed with it: {@link sharersOfTables}. */
  readonly placesFor: readonly number[];
  /** The pid of the process from which all are cloned. */
  readonly helper: number;
  readonly authority: Authority;
  readonly loaded: readonly LoadedTree[];
  /** What criujs.json says of a thread, by the id that it had. */
  recorded(tid: number): AttributesRecord | undefined;
}

/** The processes whose descriptors are placed with one: of those that share a table all, with the one that is built last. */
export function sharersOfTables(
  images: readonly TaskImage[],
): (image: Pick<TaskImage, 'pid' | 'ids'>) => readonly number[] {
  const sharers = new Map<number, number[]>();
  for (const { pid, ids } of images) sharers.set(ids.filesId, [...(sharers.get(ids.filesId) ?? []), pid]);
  return ({ pid, ids }) => {
    const all = sharers.get(ids.filesId) ?? [];
    return all.at(-1) === pid ? all : [];
  };
}

/** Turns a copy of the helper into the process of the images; all its threads are stopped afterwards. */
export function buildTask(build: TaskBuild): BuiltThread[] {
  const { image, main, session } = build;
  const core = `core-${image.pid}.img`;
  if (build.placesFor.length > 0) fetchLate(build);
  buildMemory(build);
  for (const warning of setMm(
    build.workshop.place(main),
    build.workshop.data,
    image.mm,
    build.inherited(build.files.mapping(image.mm.exeFileId, 'read')),
    `mm-${image.pid}.img`,
  ))
    session.warn(warning);
  runCalls(build, main, directoryCalls(build), `fs-${image.pid}.img`);
  if (build.placesFor.length > 0) {
    runCalls(build, main, fileCalls(build), `fdinfo-${image.ids.filesId}.img`);
    runCalls(build, main, build.files.afterTasks(image.ids.filesId, build.placesFor), 'files.img');
    build.authority.asOwner(() => build.placesFor.forEach(build.files.afterCalls));
  }
  const threads = [main];
  const restored = restoredProcess(build, threads);
  runCalls(build, main, callsOf('character', image, restored), core);
  makeThreads(build, threads);
  build.authority.asOwner(() => {
    for (const kind of processKinds) kind.apply?.(image, restored);
  });
  threads.forEach((thread, at) => {
    buildThread(build, thread, at);
  });
  runCalls(build, main, callsOf('last', image, restored), core);
  return threads;
}

/** Takes what was opened when every process existed. */
function fetchLate({ main, workshop, files, image, inherited, helper }: TaskBuild): void {
  fetchDescriptors(main, workshop, { from: helper, numbers: files.late(image.ids.filesId).map(inherited) });
}

/** @param threads has the main thread, and then all */
function makeThreads(build: TaskBuild, threads: BuiltThread[]): void {
  const { image, authority, loaded, workshop, newPids } = build;
  const given = loaded.flatMap(({ threadSteps }) => threadSteps?.(image, authority.isLimited) ?? []);
  const steps = given.length > 0 ? given : image.threads.slice(1).map((_, at): ThreadStep => ({ at: at + 1, from: 0 }));
  for (const step of steps) {
    if ('calls' in step)
      runCalls(build, threads[step.at] as BuiltThread, step.calls, `core-${image.threads[step.at]}.img`);
    else {
      const tid = image.threads[step.at] as number;
      threads[step.at] = cloneThread(threads[step.from] as BuiltThread, workshop, tid, newPids);
    }
  }
}

/** @param threads those that there are by now, in the order of the image */
function restoredProcess(
  { image, main, session, authority, recorded, loaded }: TaskBuild,
  threads: readonly BuiltThread[],
): RestoredProcess {
  return {
    pid: main.pid,
    isOwners: authority.isLimited,
    recorded: recorded(image.pid)?.process ?? null,
    groups: loaded.find(({ groups }) => groups !== undefined)?.groups ?? null,
    thread: (old) => threads[image.threads.indexOf(old)]?.tid,
    warn: (message) => session.warn(`process ${main.pid}: ${message}`),
  };
}

function callsOf(phase: ProcessPhase, image: TaskImage, process: RestoredProcess): TaskCall[] {
  return processKinds.flatMap((kind) => kind.calls?.[phase]?.(image, process) ?? []);
}

/** Directories and umask. */
function directoryCalls(build: TaskBuild): TaskCall[] {
  const { image, files } = build;
  const root = build.inherited(files.directory(image.fs.rootId));
  const cwd = build.inherited(files.directory(image.fs.cwdId));
  const calls: TaskCall[] = [];
  if (files.isForeignRoot(image.fs.rootId)) {
    calls.push({ name: 'fchdir', args: [root], what: 'enter its root directory' });
    calls.push({ name: 'chroot', args: [Buffer.from('.\0')], what: 'change its root directory' });
  }
  calls.push({ name: 'fchdir', args: [cwd], what: 'enter its working directory' });
  if (isFieldSet(image.fs, FsEntrySchema.field.umask))
    calls.push({ name: 'umask', args: [image.fs.umask], what: 'set its umask' });
  return calls;
}

function fileCalls({ image, files, inherited }: TaskBuild): TaskCall[] {
  const placements = files.placements(image.ids.filesId);
  return placeCalls(placements.map(({ fd, source, cloexec }) => ({ fd, source: inherited(source), cloexec })));
}

function buildThread(build: TaskBuild, thread: BuiltThread, at: number): void {
  const { pid, tid } = thread;
  const core = build.image.cores[at] as CoreEntry;
  const { threadCore, threadInfo: info } = core;
  if (threadCore === undefined || info === undefined) return;
  // Each thread is quick, and a process may have thousands.
  build.workshop.waiting(tid, 0);
  const now = {
    pid,
    tid,
    stat: readStat(pid, tid),
    status: readStatus(pid, tid),
    recorded: build.recorded(build.image.threads[at] as number)?.thread ?? null,
    warn: (message: string) => build.session.warn(`process ${pid}: ${message}`),
  };
  const calls = threadKinds.flatMap((kind) => kind.calls?.({ own: threadCore, info, core }, now) ?? []);
  runCalls(build, thread, calls, `core-${build.image.threads[at]}.img`);
}
