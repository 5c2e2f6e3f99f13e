import { type DumpOutcome, inventoryNames, type MemoryRecord, type Refusal } from '@criujs/engine-kit';
import { checkRoot, type DumpedProcess, deathOf, orDeath } from '@criujs/engine-kit/targets';
import { closeFd, prepareReadAhead, readAhead } from '@criujs/linux';
import { type CollectedFiles, collectFiles } from '../files/collect.ts';
import { refuseTooMany } from '../files/limit.ts';
import { prepareOwners } from '../files/look-for-owners.ts';
import { refuseUnrestorable, type UnrestorableResource } from '../files/unrestorable.ts';
import { checkExternal } from '../kinds/files/external-keys.ts';
import { imageWriter } from '../kinds/files/side-images.ts';
import { objectKinds } from '../kinds/objects/table.ts';
import type { SystemVRecording } from '../kinds/system-v-records.ts';
import type { DumpOfTree } from '../kinds/trees/kind.ts';
import { recogniseTree, treeKinds } from '../kinds/trees/table.ts';
import { isOwnChild, withoutChildSignals } from '../machinery/freeze/child-signals.ts';
import type { FrozenTask, FrozenThread, FrozenTree } from '../machinery/freeze/freeze.ts';
import { commitAlone, commitAndKill } from '../machinery/guard/commit.ts';
import { createHolds, type Holds } from '../machinery/guard/holds.ts';
import type { EngineDumpOptions } from '../options.ts';
import type { Session } from '../run/session.ts';
import { recogniseTask } from '../tasks/recognise.ts';
import { tellLate, tellOfEach } from './accelerators.ts';
import { aheadOf } from './dump/ahead.ts';
import { freezeBetweenConnections } from './dump/between-connections.ts';
import { ask, conversations, type InsideView, lookAt, type OutsideView, refusedInside } from './dump/collect.ts';
import { idsOfAll, inventoryImage, type ObjectIds } from './dump/inventory.ts';
import { type FoundMemory, findObject, findPages, writePages } from './dump/pages.ts';
import { type Pauses, pausesOf } from './dump/pause.ts';
import { keysOf } from './dump/protection-keys.ts';
import { asRefusal, refuse } from './dump/refuse.ts';
import { smallImages } from './dump/small-images.ts';
import { addTask, addTree, addZombie } from './dump/write.ts';
import { tryWhilePassing } from './passing.ts';
import { surveyRefused } from './survey.ts';

/**
 * Dumps a process and all below it into the session's store.
 *
 * Whatever goes wrong before the commit, the tree runs on as it was; the same holds when the engine is
 * killed. What cannot be dumped is refused before anything is changed, and all of it in one error.
 */
export function dumpTree(options: EngineDumpOptions, session: Session): DumpOutcome {
  session.phase('survey');
  checkExternal(options);
  const root = checkRoot(options.pid);
  const look = (): void => {
    const refused = surveyRefused(options.pid, { hooks: session.hooks, options }, session.checkAborted);
    refuse(options.pid, refused.map(asRefusal));
  };
  const pauses = pausesOf(session);
  const own = orDeath([root], () => {
    look();

    prepareReadAhead();
    prepareOwners();
    session.phase('pause');
    pauses.all(options.pid);
    return isOwnChild(options.pid);
  });

  const attempt = (quiet: Session): DumpOutcome => {
    const holds = createHolds(quiet);
    try {
      return dumpFrozen(options, { root, pauses, holds }, quiet);
    } finally {
      holds.end();
    }
  };
  const freezeAndDump = (quiet: Session): DumpOutcome =>
    tryWhilePassing(
      () => attempt(quiet),
      () => orDeath([root], look),
      quiet,
    );
  return own ? withoutChildSignals(session, freezeAndDump) : freezeAndDump(session);
}

/** What there is of a dump before the tree stands still. */
interface Begun {
  readonly root: DumpedProcess;
  readonly pauses: Pauses;
  readonly holds: Holds;
}

function dumpFrozen(options: EngineDumpOptions, { root, pauses, holds }: Begun, session: Session): DumpOutcome {
  session.phase('freeze');
  const { tree, frozenAt } = orDeath([root], () => freezeBetweenConnections(options, holds, session, pauses.one));
  const living = tree.tasks.filter(({ state }) => state !== 'zombie');
  // Into a directory images come in any order: the small ones once the tree runs on.
  const isReleasedEarly = options.leaveRunning && session.store.commit.by === 'rename';
  const images = smallImages(session.store, isReleasedEarly);
  let files: CollectedFiles | undefined;
  let frozenMs: number | null = null;
  const release = (): void => {
    if (frozenMs !== null) return;
    holds.release();
    tree.thaw();
    frozenMs = performance.now() - frozenAt;
  };
  try {
    tellOfEach(
      session,
      'CHECKPOINT_DEVICES',
      living.map(({ pid }) => pid),
    );

    session.phase('collect');
    files = collectFiles(living, { ...options, hold: holds.hold }, session);
    const judge = (all: readonly UnrestorableResource[]): Refusal[] => refuseUnrestorable(all, options, session);
    const views = lookAtAll(tree, living, files, session, judge, options);
    for (const kind of treeKinds) kind.hold?.(tree, { session, hold: holds.hold });

    session.phase('infect');
    const talks = conversations();
    const asked = views.map((view) => ({ view, inside: ask(tree, view, talks, session.checkAborted) }));
    refuse(
      options.pid,
      asked.flatMap(({ view, inside }) => refusedInside(view, inside)),
    );

    session.phase('write');
    const ids = idsOfAll(tree);
    const attributes = asked.flatMap(({ view, inside }) =>
      addTask(view, inside, ids.get(view.task.pid) as ObjectIds, files as CollectedFiles, images),
    );
    for (const task of tree.tasks) if (task.state === 'zombie') addZombie(task, images);
    files.write(images);
    const systemV: SystemVRecording = { segments: [], sets: [], queues: [] };
    const tasks = addTree(tree, images, attributes, systemV, options);
    tellLate(session, options.pid);

    session.hooks.seal();
    const plugins = session.hooks.record(files.providers());
    const context = { images, checkAborted: session.checkAborted };
    const memory = views.map(({ task, maps }, at) => findPages(task.pid, at + 1, maps, context));
    const saving = { images: imageWriter(images), records: { systemV } };
    const objects = [...objectKinds.flatMap((kind) => kind.save(views, saving)), ...files.contents()];
    files.record(images, plugins, { tasks, attributes, memory: memoryRecords(asked, memory), systemV });
    const found = [...objects.map((object, at) => findObject(object, views.length + at + 1, context)), ...memory];
    const network = { lock: files.networkLock(), tcpClose: options.tcpClose };
    images.add('inventory.img', () => inventoryImage(inventoryNames(plugins), network));

    // Behind all that was written at once, so that a restore can read that before them, from a stream too.
    session.phase('pages');
    const bytes = writePages(found, session);
    session.checkAborted();
    const death = deathOf(living, null);
    if (death !== null) throw death;
    if (isReleasedEarly) {
      release();
      session.phase('encode');
      images.write();
    }
    if (options.leaveRunning) commitAlone(tree, session, holds);
    else commitAndKill(tree, session, holds);
    return {
      processes: tree.tasks.length,
      threads: tree.tasks.reduce((sum, { threads }) => sum + Math.max(1, threads.length), 0),
      bytes,
      frozenMs: frozenMs ?? performance.now() - frozenAt,
      plugins: files.providers(),
      ...(network.lock !== undefined && { networkLock: network.lock }),
    };
  } catch (error) {
    // What ends after its release has been dumped.
    throw frozenMs === null ? (deathOf(living, error) ?? error) : error;
  } finally {
    holds.end();
    release();
    files?.close();
    for (const { pidfd } of tree.tasks) closeFd(pidfd);
  }
}

/** What criujs.json says of the memory of processes. */
function memoryRecords(
  asked: readonly { readonly view: OutsideView; readonly inside: InsideView }[],
  found: readonly FoundMemory[],
): MemoryRecord[] {
  return asked.flatMap(({ view, inside: { locksNew, keys } }, at) => {
    const areas = found[at]?.areas ?? [];
    if (areas.length === 0 && keys.length === 0 && locksNew === 'no') return [];
    return [{ pid: view.task.pid, locksNew, ...keysOf(keys, areas) }];
  });
}

/** Looks at the whole tree from outside and refuses, in one error, everything that cannot be dumped or restored. */
function lookAtAll(
  tree: FrozenTree,
  living: readonly FrozenTask[],
  files: CollectedFiles,
  session: Session,
  judge: (unrestorable: readonly UnrestorableResource[]) => Refusal[],
  options: DumpOfTree,
): OutsideView[] {
  const refusals: Refusal[] = recogniseTree(tree).map(asRefusal);
  const tasks: Refusal[] = [];
  const views = living.map((task) =>
    readAhead(aheadOf(task), () => {
      const view = lookAt(task, files, refusals, session.checkAborted);
      // It may have changed since the survey.
      tasks.push(...recogniseTask(task));
      return view;
    }),
  );
  const root = tree.tasks[0] as FrozenTask;
  refusals.push(...refuseTooMany(files.count(), root));
  refuse(root.pid, [...tasks, ...refusals, ...files.refusals, ...judge(files.unrestorable())]);
  const shared = treeKinds.flatMap((kind) => kind.ofThreads?.(tree, options) ?? []);
  return views.map((view) => ({
    ...view,
    ofThreads: view.ofThreads.map((parts, at) => {
      const { tid } = view.task.threads[at] as FrozenThread;
      return [...parts, ...shared.map((ofThread) => ofThread(tid))];
    }),
  }));
}
