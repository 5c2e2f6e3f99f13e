import type { RestoreOutcome } from '@criujs/engine-kit';
import type { EntryOf, ImageKind } from '@criujs/images';
import { signals } from '@criujs/linux';
import { type OpenedFiles, openFiles } from '../files/open.ts';
import { checkProviders } from '../files/providers.ts';
import { isFileMap } from '../kinds/maps/of-file.ts';
import type { LoadedTree } from '../kinds/trees/kind.ts';
import { treeKinds } from '../kinds/trees/table.ts';
import { restoreWaits, watchWaits } from '../machinery/calls/patience.ts';
import { createReleases } from '../machinery/guard/releases.ts';
import { createInheritance, type Inheritance } from '../machinery/make/descriptors.ts';
import { createMade } from '../machinery/make/end.ts';
import { forkTree } from '../machinery/make/fork.ts';
import { type BuiltThread, holeSize, lowestAddress, startHelper, workshopAt } from '../machinery/make/helper.ts';
import type { EngineRestoreOptions } from '../options.ts';
import { imagePages } from '../pages/image-pages.ts';
import type { PageSource } from '../pages/source.ts';
import { readRecords } from '../records.ts';
import type { Session } from '../run/session.ts';
import { callObserver } from './accelerators.ts';
import { authorityOf } from './restore/authority.ts';
import { runCalls } from './restore/calls.ts';
import { planCopies } from './restore/copies.ts';
import { planDevices } from './restore/devices.ts';
import { readOne } from './restore/entries.ts';
import { hugePagePolicy } from './restore/huge-pages.ts';
import { findHole, type MemoryPlan, planMemory } from './restore/layout.ts';
import { buildEarlyMemory } from './restore/memory.ts';
import { makeObject, openObject, planObjects } from './restore/objects.ts';
import { livingTasks, readTree, type TaskImage } from './restore/read.ts';
import { letGo, putTogether } from './restore/resume.ts';
import { checkSources, sourceOf } from './restore/sources.ts';
import { buildTask, type TaskBuild } from './restore/task.ts';
import { supportedMemory } from './restore/traits.ts';
import { detourVdso, ownKernelPages } from './restore/vdso.ts';

/** A process while it is planned: its images, and what its memory is to be. */
interface Planned {
  readonly image: TaskImage;
  readonly memory: MemoryPlan;
}

/**
 * Restores a tree from the session's store.
 *
 * Everything is read and checked before the first process is made. All processes that are being made die with the
 * engine; so nothing is ever half restored.
 */
export function restoreTree(options: EngineRestoreOptions, given: Session): RestoreOutcome {
  const authority = authorityOf(given.store.owner);
  const session: Session = { ...given, store: authority.storeOf(given.store) };
  session.phase('read');
  const tree = readTree(session);
  const records = readRecords(session.store);
  checkProviders(tree, records, session);
  const images = livingTasks(tree);
  authority.check(images);
  const releases = createReleases(session.warn);
  const { beforeItRuns } = releases;
  const loading = {
    ...{ session, records, beforeItRuns, options },
    readOne: <K extends ImageKind>(kind: K, name: string): EntryOf<K> => readOne(session, kind, name),
  };
  const loaded = treeKinds.flatMap((kind) => kind.load?.(tree, loading) ?? []);
  const recorded = new Map(records?.attributes?.map((it) => [it.tid, it]));
  const planned = images.map((image): Planned => {
    session.checkAborted();
    const record = records?.memory?.find(({ pid }) => pid === image.pid);
    return { image, memory: planMemory(image, supportedMemory(image.pid, record, session.warn)) };
  });
  const devices = planDevices(planned, tree.plugins, session);
  const objects = planObjects(planned, { session, beforeItRuns });
  const made = createMade((message) => session.warn(message));
  const workshop = workshopAt(
    findHole(
      planned.map(({ memory }) => memory),
      holeSize + objects.size,
      lowestAddress(),
    ),
    objects,
    { made, waiting: watchWaits(session, restoreWaits) },
  );
  if (session.hooks.serves('RESTORE_INIT')) session.hooks.call('RESTORE_INIT', {});

  session.phase('open');
  const contents: (PageSource | null)[] = [];
  const pages: PageSource[] = [];
  let files: OpenedFiles | undefined;
  try {
    for (const object of objects.list) contents.push(openObject(object, session));
    for (const { image, memory } of planned) pages.push(openPages(image, memory, session));
    files = authority.asOwner(() =>
      openFiles({ files: tree.files, fdinfo: tree.fdinfo, devices: devices.files }, session, beforeItRuns),
    );
    const opened = files;
    authority.asOwner(() => {
      devices.open(opened);
      for (const { image } of planned) authority.checkRoot(image, opened.isForeignRoot(image.fs.rootId));
      checkSources(planned, opened);
    });
    const ownPages = ownKernelPages();
    const filled = planned.map(({ image, memory }, at) => {
      const source = pages[at] as PageSource;
      return { image, memory: detourVdso(image, memory, source, ownPages), pages: source };
    });
    const shared = planCopies(filled, session.checkAborted);
    const inheritance = authority.asOwner(() =>
      inherit(planned, opened, [...contents.flatMap((it) => it ?? []), ...pages]),
    );

    session.phase('fork');
    const forkedAt = performance.now();
    try {
      const helper = startHelper(workshop, inheritance.list);
      const filling = { thread: helper, workshop, session, inherited: inheritance.at };
      objects.list.forEach((object, at) => {
        session.checkAborted();
        makeObject(object, contents[at] ?? null, filling);
      });
      for (const { prepare } of loaded) prepare?.(helper, workshop);
      runCalls({ workshop, session }, helper, authority.becomeOwner, 'inventory.img');
      const given = { newPids: options.newPids, inherited: inheritance.at, hugePages: hugePagePolicy() };
      const how = { workshop, authority, files, session, ...given };
      const builds = new Map(
        shared.map((it) => [it.image.pid, { ...how, ...it, recorded: (tid: number) => recorded.get(tid) }]),
      );
      const fork = forkTree(tree, helper, workshop, {
        ...options,
        exitSignal: exitSignals(loaded),
        born: (pid, main) => {
          session.checkAborted();
          buildEarlyMemory({ ...(builds.get(pid) as Omit<TaskBuild, 'main'>), main });
        },
      });
      const { tasks } = fork;
      const now = (pid: number): number => fork.ids.get(pid) ?? pid;
      files.afterFork(now);
      if (session.hooks.serves('POST_FORKING')) session.hooks.call('POST_FORKING', {});

      session.phase('build');
      const built = [...builds].map(([pid, build]) => {
        session.checkAborted();
        return { image: build.image, threads: buildTask({ ...build, main: tasks.get(pid) as BuiltThread }) };
      });

      session.phase('resume');
      for (const { threads } of built) callObserver(session, 'RESUME_DEVICES_LATE', (threads[0] as BuiltThread).pid);
      session.checkAborted();
      for (const { image, threads } of built) {
        session.checkAborted();
        putTogether(image, threads, workshop);
      }
      letGo(built, () => authority.asOwner(releases.run));
      made.letGo([...tasks.values()].map(({ pid }) => pid));
      return {
        pid: now((planned[0] as Planned).image.pid),
        pids: images.map(({ pid }) => [pid, now(pid)] as const),
        restoreMs: performance.now() - forkedAt,
      };
    } finally {
      made.endAll();
    }
  } finally {
    for (const source of [...contents, ...pages]) source?.close();
    devices.close();
    files?.close();
  }
}

/** The signal that each process's parent gets when it ends. */
function exitSignals(loaded: readonly LoadedTree[]): (pid: number) => number {
  return (pid) => loaded.map(({ exitSignal }) => exitSignal?.(pid)).find((it) => it !== undefined) ?? signals.SIGCHLD;
}

/** The image of a process's pages. */
function openPages({ pid, pagesId }: TaskImage, { runs }: MemoryPlan, { store }: Session): PageSource {
  return imagePages({ name: `pages-${pagesId}.img`, pagemap: `pagemap-${pid}.img`, runs }, store);
}

/** Gives every descriptor that a task needs a number at which it finds it while it is built. */
function inherit(planned: readonly Planned[], files: OpenedFiles, pages: readonly PageSource[]): Inheritance {
  const inheritance = createInheritance(planned.flatMap(({ image }) => files.placements(image.ids.filesId)));
  for (const { image, memory } of planned) {
    for (const { source } of files.placements(image.ids.filesId)) inheritance.at(source);
    for (const map of memory.maps) if (isFileMap(map.entry)) inheritance.at(sourceOf(map, files));
    for (const id of [image.fs.rootId, image.fs.cwdId]) inheritance.at(files.directory(id));
    inheritance.at(files.mapping(image.mm.exeFileId, 'read'));
  }
  for (const { file } of pages) if (file !== null) inheritance.at(file);
  return inheritance;
}
