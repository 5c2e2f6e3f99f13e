import { EngineError } from '@criujs/engine-kit';
import type { CoreEntry, EntryOf, FdinfoEntry, FsEntry, PagemapEntry, TaskKobjIdsEntry } from '@criujs/images';
import { taskState } from '../../facts/tasks.ts';
import type { ProcessImage } from '../../kinds/processes/kind.ts';
import { invalid, unsupported } from '../../kinds/rules.ts';
import { treeKinds } from '../../kinds/trees/table.ts';
import type { Session } from '../../run/session.ts';
import { checkDescriptorLimit } from './check/descriptors.ts';
import { checkMemory } from './check/memory.ts';
import { checkEnd, checkProcess } from './check/process.ts';
import { checkThread } from './check/thread.ts';
import { readMany, readOne, readPagemap } from './entries.ts';
import { nameMemfds } from './memfds.ts';

/** A living process, as the images have it. */
export interface TaskImage extends ProcessImage {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** One for each thread, in the same order. */
  readonly cores: readonly CoreEntry[];
  readonly ids: TaskKobjIdsEntry;
  readonly fs: FsEntry;
  readonly pagemap: readonly PagemapEntry[];
  readonly pagesId: number;
}

/** A process that has ended and that its parent has not asked for yet. */
export interface ZombieImage {
  readonly state: 'zombie';
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly command: string;
  /** A wait status. wait(2). */
  readonly exitCode: number;
}

/** All images of a tree, read and checked as far as they can be without looking at this machine. */
export interface TreeImage {
  /** Parents come before their children. */
  readonly tasks: readonly (TaskImage | ZombieImage)[];
  /** What was the dumping engine's own; undefined: the inventory does not say. */
  readonly rootIds: TaskKobjIdsEntry | undefined;
  readonly files: readonly EntryOf<'FILES'>[];
  readonly fdinfo: ReadonlyMap<number, FdinfoEntry[]>;
  /** Names in the inventory's list of plugins. */
  readonly plugins: readonly string[];
}

/** Layouts of images that are read: one table of files, descriptors by table. CRIU writes 2 since 1.2. */
const imageVersions: readonly number[] = [1, 2];
/** The largest pid that a kernel gives (PID_MAX_LIMIT). proc_sys_kernel(5). */
const largestPid = 4_194_304;
const marchX86 = 1;

/** Reads and checks everything. Nothing of an image is believed: counts, pids and references are checked here. */
export function readTree(session: Session): TreeImage {
  const inventory = readOne(session, 'INVENTORY', 'inventory.img');
  if (!imageVersions.includes(inventory.imgVersion))
    throw new EngineError(
      'IMAGES_VERSION',
      `inventory.img: images of version ${inventory.imgVersion}; this engine reads versions ${imageVersions.join(' and ')}`,
      {
        remedy: 'Restore them with the program that wrote them, or dump again with this one.',
      },
    );
  const tasks = readMany(session, 'PSTREE', 'pstree.img').map((entry) => readTask(session, entry));
  checkTree(tasks);
  const { rootIds } = inventory;
  for (const kind of treeKinds) kind.check?.({ tasks, rootIds });
  const living = livingTasks({ tasks });
  const fdinfo = new Map(
    living.map(({ ids }) => [ids.filesId, readMany(session, 'FDINFO', `fdinfo-${ids.filesId}.img`)] as const),
  );
  checkDescriptorLimit(fdinfo);
  const files = readMany(session, 'FILES', 'files.img');
  nameMemfds(living, files, fdinfo, session);
  for (const task of living) checkMemory(task);
  return {
    tasks,
    rootIds,
    files,
    fdinfo,
    plugins: inventory.pluginsEntry?.plugins ?? [],
  };
}

/** The processes of a tree that are to live. */
export function livingTasks({ tasks }: Pick<TreeImage, 'tasks'>): TaskImage[] {
  return tasks.filter((task) => task.state !== 'zombie');
}

function readTask(session: Session, entry: EntryOf<'PSTREE'>): TaskImage | ZombieImage {
  const { pid, ppid, pgid, sid, threads } = entry;
  const tree = { pid, ppid, pgid, sid };
  const leader = readOne(session, 'CORE', `core-${pid}.img`);
  const tc = leader.tc;
  if (tc === undefined) throw invalid(`core-${pid}.img`, 'the main thread has no process state');
  // CRIU lists a meaningless thread for a process that has ended.
  if (tc.taskState === taskState.dead) {
    checkEnd(tc, `core-${pid}.img`);
    return { ...tree, state: 'zombie', command: tc.comm, exitCode: tc.exitCode };
  }
  if (tc.taskState !== taskState.alive && tc.taskState !== taskState.stopped)
    throw invalid(`core-${pid}.img`, `an unknown state of the process: ${tc.taskState}`);
  if (threads.length === 0 || threads[0] !== pid) throw invalid('pstree.img', `process ${pid} has no main thread`);
  const cores = threads.map((tid) => (tid === pid ? leader : readOne(session, 'CORE', `core-${tid}.img`)));
  cores.forEach((core, at) => {
    checkCore(core, `core-${threads[at]}.img`);
  });
  const pagemap = readPagemap(session, `pagemap-${pid}.img`);
  const ids = leader.ids ?? readOne(session, 'IDS', `ids-${pid}.img`);
  const image: ProcessImage = {
    state: tc.taskState === taskState.stopped ? 'stopped' : 'alive',
    tc,
    mm: readOne(session, 'MM', `mm-${pid}.img`),
    leader,
    threads,
  };
  checkProcess(image, `core-${pid}.img`);
  return {
    ...tree,
    ...image,
    cores,
    ids,
    fs: readOne(session, 'FS', `fs-${pid}.img`),
    pagemap: pagemap.entries,
    pagesId: pagemap.head.pagesId,
  };
}

function checkCore(core: CoreEntry, file: string): void {
  if (core.mtype !== marchX86 || core.threadInfo === undefined)
    throw unsupported(
      `${file}: a core image of another processor (type ${core.mtype})`,
      'Restore it on such a machine.',
    );
  if (core.threadCore === undefined) throw invalid(file, 'no state of the thread');
  checkThread(core, file);
}

function checkTree(tasks: readonly (TaskImage | ZombieImage)[]): void {
  if (tasks.length === 0) throw invalid('pstree.img', 'no process in it');
  const seen = new Set<number>();
  const ended = new Set<number>();
  const tids = new Set<number>();
  tasks.forEach((task, at) => {
    for (const tid of task.state === 'zombie' ? [task.pid] : task.threads) {
      if (tid < 2 || tid > largestPid) throw invalid('pstree.img', `no process can have the pid ${tid}`);
      if (tids.has(tid)) throw invalid('pstree.img', `two tasks have the pid ${tid}`);
      tids.add(tid);
    }
    if (at > 0 && !seen.has(task.ppid))
      throw invalid('pstree.img', `process ${task.pid} comes before its parent ${task.ppid}`);
    if (ended.has(task.ppid))
      throw invalid(`core-${task.ppid}.img`, `process ${task.ppid} has ended, but ${task.pid} is its child`);
    seen.add(task.pid);
    if (task.state === 'zombie') ended.add(task.pid);
  });
  if (tasks[0]?.state === 'zombie') throw invalid('pstree.img', 'the root is a process that has ended');
  for (const { pid, pgid, sid } of tasks) {
    if (pgid > largestPid || sid > largestPid)
      throw invalid('pstree.img', `no process can have the group ${pgid} and the session ${sid} (process ${pid})`);
  }
}
