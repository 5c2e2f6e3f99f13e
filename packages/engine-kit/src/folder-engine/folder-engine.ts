import type { PluginHost } from '@criujs/plugin-host';
import type { CriuError } from '@criujs/plugin-sdk';
import { EngineError } from '../errors/errors.ts';
import { toEngineError } from '../errors/to-engine-error.ts';
import { guardThread } from '../front/watchdog.ts';
import type { CommitMark } from '../images/commit-mark.ts';
import { commitDirectory, settleDirectory, takeBackDirectory } from '../images/directory-images.ts';
import type { DirectoryPlace } from '../images/directory-place.ts';
import { refuseInUse } from '../images/in-use.ts';
import type { PreparedSwap } from '../images/swap.ts';
import type { DumpJob, DumpOutcome, Engine, EngineJob, RestoreJob, RestoreOutcome } from '../interface/engine.ts';
import type { FolderDumpJob, FolderEngine, FolderJob } from '../interface/folder-engine.ts';
import { readListed } from '../inventory/listed.ts';
import { checkRecordedProviders } from '../records/providers.ts';
import { readRecords } from '../records/read-records.ts';
import type { Records } from '../records/records.ts';
import { type DumpedProcess, deathOf } from '../targets/death.ts';
import { checkRoot } from '../targets/root.ts';
import { pidsBelow } from '../targets/tree.ts';

// Runs of an engine that works on the main thread, in a folder: everything around it is the same as for all others.

/** Makes an engine of one that works on the main thread and knows folders only. */
export function folderEngine(engine: FolderEngine): Engine {
  return {
    name: engine.name,
    foldersOnly: true,
    dump: (job) => dumpInFolder(engine, job),
    restore: (job) => restoreFromFolder(engine, job),
    check: (signal) => engine.check(signal),
    plan: (row) => engine.plan(row),
  };
}

async function dumpInFolder(engine: FolderEngine, job: DumpJob): Promise<DumpOutcome> {
  const { pid, leaveRunning, dumpOnly, ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk, external, tcp } = job;
  const place = folderOf(job);
  const look = async (): Promise<DumpedProcess> => checkRoot(pid);
  return withHost(job, look, async (host, root) => {
    const folder = folderJob(job, place, host);
    const commit = commitOf(place, job.images.mark, leaveRunning ? pid : null);
    const outcome = await engine
      .dump({
        ...folder,
        pid,
        leaveRunning,
        dumpOnly,
        ghostLimit,
        linkRemap,
        fileLocks,
        shellJob,
        extUnixSk,
        external,
        tcp,
        ...commit,
      })
      .catch((error: unknown): never => {
        throw deathOf([root], error) ?? error;
      });
    arrive(job, place);
    return outcome;
  });
}

async function restoreFromFolder(engine: FolderEngine, job: RestoreJob): Promise<RestoreOutcome> {
  const { newPids, fileLocks, shellJob, extUnixSk, tcp, inheritFd, detach, plugins } = job;
  const place = folderOf(job);
  const read = async (): Promise<Records | null> => {
    const records = await readRecords(job.images);
    const listed = (await readListed(job.images)).filter((it) => !engine.answersFor?.(it, plugins.wanted));
    checkRecordedProviders(records, listed, (await plugins.load())?.plugins ?? []);
    return records;
  };
  return withHost(job, read, (host, records) =>
    engine.restore({
      ...folderJob(job, place, host),
      newPids,
      fileLocks,
      shellJob,
      extUnixSk,
      tcp,
      inheritFd,
      detach,
      records,
    }),
  );
}

function folderJob(job: EngineJob, place: DirectoryPlace, host: PluginHost | null): FolderJob {
  const { hookDeadlineMs, signal, phase, log, warn } = job;
  const { stage, staging, directory } = place;
  const images = stage === 'dump' ? staging : directory;
  return { images, directory, host, hookDeadlineMs, signal, phase, log, warn };
}

/** The front gives an engine nothing else that says that it wants folders only. */
function folderOf({ images: { place } }: EngineJob): DirectoryPlace {
  if (typeof place === 'object') return place;
  throw new EngineError('INTERNAL', 'an engine that needs a folder got none');
}

/**
 * Runs with the plugins between their init and their exit, and ends the process when one blocks it.
 * @param look what is looked at before any init
 */
async function withHost<L, O extends { readonly warnings?: readonly string[] }>(
  job: EngineJob,
  look: () => Promise<L>,
  work: (host: PluginHost | null, looked: L) => Promise<O>,
): Promise<O> {
  const { plugins, signal, hookDeadlineMs, lastWords } = job;
  const guard = guardThread({ plugins: plugins.count, hookDeadlineMs, lastWords });
  const abort = (): void => plugins.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const looked = await look();
    const outcome = await work(await plugins.start(), looked);
    const warnings = await plugins.finish({ ok: true });
    return { ...outcome, warnings: [...(outcome.warnings ?? []), ...warnings] };
  } catch (error) {
    await plugins.finish({ ok: false, error: toEngineError(error) as CriuError });
    throw error;
  } finally {
    guard.release();
    signal.removeEventListener('abort', abort);
  }
}

/**
 * An engine commits while the tree is stopped, and undoes that if the tree runs on after all.
 * @param runsOn the root of a tree that runs on in any case
 */
function commitOf(
  place: DirectoryPlace,
  mark: CommitMark,
  runsOn: number | null,
): Pick<FolderDumpJob, 'commit' | 'takeBack'> {
  let made: PreparedSwap | null = null;
  return {
    commit() {
      if (runsOn !== null) refuseInUse(place.directory, pidsBelow(runsOn));
      made ??= commitDirectory(place, mark);
    },
    takeBack() {
      if (made !== null) takeBackDirectory(made, mark);
      made = null;
    },
  };
}

/** The tree has ended or goes on with the dump behind it: the old images are needed no more. */
function arrive({ images, warn }: EngineJob, place: DirectoryPlace): void {
  if (!images.mark.committed()) {
    throw new EngineError('INTERNAL', 'the engine is done with the dump, and has not committed it');
  }
  settleDirectory(place, warn);
  images.follow();
}
