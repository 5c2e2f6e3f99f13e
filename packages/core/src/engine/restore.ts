import type { RestoreOutcome } from '@criujs/engine-kit';
import { openFiles } from '../files/open.ts';
import type { OpenedFiles } from '../files/opened.ts';
import { checkProviders } from '../files/providers.ts';
import { treeKinds } from '../kinds/trees/table.ts';
import { restoreWaits, watchWaits } from '../machinery/calls/patience.ts';
import { createHolds } from '../machinery/guard/holds.ts';
import { type LastCalls, prepareLastCalls } from '../machinery/guard/last-calls.ts';
import { createReleases } from '../machinery/guard/releases.ts';
import { createMade } from '../machinery/make/end.ts';
import { letFetch } from '../machinery/make/fetch.ts';
import { forkTree } from '../machinery/make/fork.ts';
import { type BuiltThread, holeSize, lowestAddress, startHelper, workshopAt } from '../machinery/make/helper.ts';
import { latePlace, newborn } from '../machinery/make/late-place.ts';
import type { EngineRestoreOptions } from '../options.ts';
import type { PageSource } from '../pages/source.ts';
import { readRecords } from '../records.ts';
import type { Session } from '../run/session.ts';
import { makerIn } from '../system-v/maker.ts';
import { tellOfEach } from './accelerators.ts';
import { authorityOf } from './restore/authority.ts';
import { runCalls } from './restore/calls.ts';
import { planCopies } from './restore/copies.ts';
import { planDevices } from './restore/devices.ts';
import { entryReader } from './restore/entries.ts';
import { hugePagePolicy } from './restore/huge-pages.ts';
import { inherit } from './restore/inherit.ts';
import { findHole, type Planned, planMemory } from './restore/layout.ts';
import { births, completeAll, exitSignals, traceOptions } from './restore/loaded.ts';
import { buildEarlyMemory } from './restore/memory.ts';
import { leaveObjects, makeObject, openObject, planObjects } from './restore/objects.ts';
import { openPages } from './restore/pages.ts';
import { livingTasks, readTree } from './restore/read.ts';
import { letGo, putTogether } from './restore/resume.ts';
import { checkSources } from './restore/sources.ts';
import { buildTask, sharersOfTables, type TaskBuild } from './restore/task.ts';
import { supportedMemory } from './restore/traits.ts';
import { detourVdso, ownKernelPages } from './restore/vdso.ts';

/**
 * Restores a tree from the session's store.
 *
 * Everything is read and checked before the first process is made. All processes that are being made die with the
 * engine; so nothing is ever half restored.
 */
export function restoreTree(options: EngineRestoreOptions, session: Session): RestoreOutcome {
  const held: (() => void)[] = [];
  try {
    return restoreHolding(options, session, (release) => void held.push(release));
  } finally {
    for (const release of held.reverse()) release();
  }
}

/** @param untilMade has something released in the end */
function restoreHolding(
  options: EngineRestoreOptions,
  given: Session,
  untilMade: (release: () => void) => void,
): RestoreOutcome {
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
  const loading = { session, records, beforeItRuns, options, untilMade, ...entryReader(session) };
  const loaded = treeKinds.flatMap((kind) => kind.load?.(tree, loading) ?? []);
  const recorded = new Map(records?.attributes?.map((it) => [it.tid, it]));
  const planned = images.map((image): Planned => {
    session.checkAborted();
    const record = records?.memory?.find(({ pid }) => pid === image.pid);
    return { image, memory: planMemory(image, supportedMemory(image.pid, record, session.warn)) };
  });
  const devices = planDevices(planned, tree.plugins, session);
  const objects = planObjects(planned, { session, records, beforeItRuns });
  const made = createMade((message) => session.warn(message));
  const holds = createHolds(session);
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
  const closePages = (): void => {
    for (const source of [...contents.splice(0), ...pages.splice(0)]) source?.close();
  };
  try {
    for (const object of objects.list) contents.push(openObject(object, session));
    for (const it of planned) pages.push(openPages(it, session));
    files = authority.asOwner(() =>
      openFiles(
        {
          ...{ files: tree.files, fdinfo: tree.fdinfo, devices: devices.files },
          owners: new Map(images.map(({ pid, ids }) => [pid, ids.filesId])),
        },
        session,
        beforeItRuns,
        options,
      ),
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
      inherit(planned, opened, objects, [...contents.flatMap((it) => it ?? []), ...pages]),
    );

    session.phase('fork');
    const forkedAt = performance.now();
    let last: LastCalls | undefined;
    try {
      const helper = startHelper(workshop, inheritance.list, traceOptions(loaded));
      const filling = { thread: helper, workshop, session, inherited: inheritance.at };
      const maker = makerIn({ helper, workshop }, authority.user, { hold: holds.hold, warn: session.warn });
      const source = (id: number): number => inheritance.at(opened.mapping(id, 'write'));
      objects.list.forEach((object, at) => {
        session.checkAborted();
        makeObject(object, contents[at] ?? null, filling, { source, maker });
      });
      for (const { prepare } of loaded) prepare?.(helper, workshop, maker);
      runCalls({ workshop, session }, helper, authority.becomeOwner, 'inventory.img');
      const given = {
        newPids: options.newPids,
        helper: helper.pid,
        inherited: inheritance.at,
        hugePages: hugePagePolicy(),
      };
      const how = { workshop, authority, files, session, loaded, ...given };
      const placesFor = sharersOfTables(images);
      const builds = new Map(
        shared.map((it) => {
          const { image } = it;
          return [
            image.pid,
            { ...how, ...it, placesFor: placesFor(image), recorded: (tid: number) => recorded.get(tid) },
          ];
        }),
      );
      const fork = forkTree(tree, helper, workshop, {
        ...options,
        exitSignal: exitSignals(loaded),
        birth: births(loaded),
        born: (pid, main) => {
          session.checkAborted();
          buildEarlyMemory({ ...(builds.get(pid) as Omit<TaskBuild, 'main'>), main });
        },
        led: (pid, main) => opened.led(pid, newborn(main, workshop, inheritance.at)),
      });
      const { tasks } = fork;
      const now = (pid: number): number => fork.ids.get(pid) ?? pid;
      if (files.hasLate) letFetch(helper, workshop);
      const place = latePlace(helper, workshop, fork, { at: inheritance.at, hold: holds.hold });
      files.openLate(place, inheritance.at);
      files.afterFork(now, place);
      if (session.hooks.serves('POST_FORKING')) session.hooks.call('POST_FORKING', {});

      session.phase('build');
      const built = [...builds].map(([pid, build]) => {
        session.checkAborted();
        return { image: build.image, threads: buildTask({ ...build, main: tasks.get(pid) as BuiltThread }) };
      });

      session.hooks.settle();
      session.phase('resume');
      tellOfEach(
        session,
        'RESUME_DEVICES_LATE',
        built.map(({ threads }) => (threads[0] as BuiltThread).pid),
      );
      session.checkAborted();
      completeAll(loaded, built, (main, calls, file) => runCalls({ workshop, session }, main, calls, file));
      for (const { image, threads } of built) {
        session.checkAborted();
        putTogether(image, threads, workshop);
      }
      leaveObjects(helper, workshop, objects);
      closePages();
      last = prepareLastCalls(releases.calls());
      letGo(built, () => {
        last?.arm();
        holds.keep();
        holds.committed();
        if (last?.run()) session.warn('not everything could be done that comes before the tree runs');
        authority.asOwner(() => {
          releases.run();
          opened.start();
        });
      });
      made.letGo([...tasks.values()].map(({ pid }) => pid));
      return {
        pid: now((planned[0] as Planned).image.pid),
        pids: images.map(({ pid }) => [pid, now(pid)] as const),
        restoreMs: performance.now() - forkedAt,
      };
    } finally {
      made.endAll();
      last?.end();
      holds.end();
    }
  } finally {
    closePages();
    devices.close();
    files?.close();
  }
}
