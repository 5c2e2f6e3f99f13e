import type { AttributesRecord } from '@criujs/engine-kit';
import { type CoreEntry, FsEntrySchema, isFieldSet } from '@criujs/images';
import { readStat, readStatus } from '@criujs/linux';
import type { ProcessPhase, RestoredProcess } from '../../kinds/processes/kind.ts';
import { processKinds } from '../../kinds/processes/table.ts';
import { threadKinds } from '../../kinds/threads/table.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { cloneThread } from '../../machinery/make/clone.ts';
import { placeCalls } from '../../machinery/make/descriptors.ts';
import type { BuiltThread } from '../../machinery/make/helper.ts';
import type { Authority } from './authority.ts';
import { runCalls } from './calls.ts';
import { buildMemory, type MemoryBuild } from './memory.ts';
import { setMm } from './mm.ts';
import type { TaskImage } from './read.ts';

/** What building one process takes. */
export interface TaskBuild extends MemoryBuild {
  readonly newPids: boolean;
  readonly authority: Authority;
  /** What criujs.json says of a thread, by the id that it had. */
  recorded(tid: number): AttributesRecord | undefined;
}

/** Turns a copy of the helper into the process of the images; all its threads are stopped afterwards. */
export function buildTask(build: TaskBuild): BuiltThread[] {
  const { image, main, session } = build;
  const core = `core-${image.pid}.img`;
  buildMemory(build);
  for (const warning of setMm(
    build.workshop.place(main),
    build.workshop.data,
    image.mm,
    build.inherited(build.files.mapping(image.mm.exeFileId, 'read')),
    `mm-${image.pid}.img`,
  ))
    session.warn(warning);
  runCalls(build, main, surroundingCalls(build), `fdinfo-${image.ids.filesId}.img`);
  runCalls(build, main, build.files.afterTasks(image.ids.filesId), 'files.img');
  const threads = [main];
  const restored = restoredProcess(build, threads);
  runCalls(build, main, callsOf('character', image, restored), core);
  threads.push(...image.threads.slice(1).map((tid) => cloneThread(main, build.workshop, tid, build.newPids)));
  build.authority.asOwner(() => {
    for (const kind of processKinds) kind.apply?.(image, restored);
  });
  threads.forEach((thread, at) => {
    buildThread(build, thread, at);
  });
  runCalls(build, main, callsOf('last', image, restored), core);
  return threads;
}

/** @param threads those that there are by now, in the order of the image */
function restoredProcess(
  { image, main, session, authority, recorded }: TaskBuild,
  threads: readonly BuiltThread[],
): RestoredProcess {
  return {
    pid: main.pid,
    isOwners: authority.isLimited,
    recorded: recorded(image.pid)?.process ?? null,
    thread: (old) => threads[image.threads.indexOf(old)]?.tid,
    warn: (message) => session.warn(`process ${main.pid}: ${message}`),
  };
}

function callsOf(phase: ProcessPhase, image: TaskImage, process: RestoredProcess): TaskCall[] {
  return processKinds.flatMap((kind) => kind.calls?.[phase]?.(image, process) ?? []);
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
    calls.push({ name: 'fchdir', args: [root], what: 'enter its root directory' });
    calls.push({ name: 'chroot', args: [Buffer.from('.\0')], what: 'change its root directory' });
  }
  calls.push({ name: 'fchdir', args: [cwd], what: 'enter its working directory' });
  if (isFieldSet(image.fs, FsEntrySchema.field.umask))
    calls.push({ name: 'umask', args: [image.fs.umask], what: 'set its umask' });
  return [...calls, ...placeCalls(placements)];
}

function buildThread(build: TaskBuild, thread: BuiltThread, at: number): void {
  const { pid, tid } = thread;
  const core = build.image.cores[at] as CoreEntry;
  const { threadCore: own, threadInfo: info } = core;
  if (own === undefined || info === undefined) return;
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
  const calls = threadKinds.flatMap((kind) => kind.calls?.({ own, info, core }, now) ?? []);
  runCalls(build, thread, calls, `core-${build.image.threads[at]}.img`);
}
