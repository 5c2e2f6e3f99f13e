import type { DumpOutcome, Engine, EngineJob, Records } from '@criujs/engine-kit';
import type { PluginHost } from '@criujs/plugin-host';
import type { CriuError } from '@criujs/plugin-sdk';
import { doSteps } from '../engine/steps.ts';
import { surveyTree } from '../engine/survey.ts';
import { EngineError } from '../errors.ts';
import { checkRecordedProviders } from '../files/providers.ts';
import type { DumpOptions, DumpResult, RestoreOptions, RestoreResult, RunOptions } from '../options.ts';
import { deathOf } from '../tasks/death.ts';
import { checkRoot } from '../tasks/recognise.ts';
import { checkOptions, checkPlatform } from './admission.ts';
import {
  commitDirectory,
  type DirectoryRun,
  openDirectory,
  settleDirectory,
  takeBackDirectory,
} from './directory-images.ts';
import type { DirectoryPlace } from './directory-place.ts';
import { refuseInUse } from './in-use.ts';
import { type Control, createControl } from './link.ts';
import { readListed } from './listed.ts';
import { createHost, defaultDeadlineMs, imageVersionsOf, needsHost, readRecords, warnOfUnpaired } from './plugins.ts';
import { openRecord } from './record.ts';
import { absolutePath } from './resolve-directory.ts';
import { badImages, purposeOf, type RunImages } from './run-images.ts';
import type { PreparedSwap } from './swap.ts';
import { guardThread } from './watchdog.ts';
import { toEngineError } from './wire.ts';

// Runs of an engine that is not ours: it works on the main thread, and everything around it is the same.

type Stage = 'dump' | 'restore';

/** What a run of another engine is done with. */
interface Workplace {
  readonly job: EngineJob;
  /** What `criujs.json` held at a restore. */
  readonly records: Records | null;
  commit(): void;
  takeBack(): void;
}

export async function dumpBy(engine: Engine, options: DumpOptions): Promise<DumpResult> {
  const { pid, leaveRunning = false, dumpOnly = false } = options;
  checkPlatform();
  const root = checkRoot(pid);
  const dump = async ({ job, commit, takeBack }: Workplace): Promise<DumpOutcome> => {
    try {
      return await engine.dump({ ...job, pid, leaveRunning, dumpOnly, commit, takeBack });
    } catch (error) {
      throw deathOf([root], error) ?? error;
    }
  };
  const { outcome, totalMs, warnings } = await conductBy(engine, 'dump', options, dump);
  return { ...outcome, pid, totalMs, warnings };
}

export async function restoreBy(engine: Engine, options: RestoreOptions): Promise<RestoreResult> {
  const { newPids = false, detach = false } = options;
  const { outcome, totalMs, warnings } = await conductBy(engine, 'restore', options, ({ job, records }) =>
    engine.restore({ ...job, newPids, detach, records }),
  );
  return { ...outcome, pids: new Map(outcome.pids), totalMs, warnings };
}

interface Conducted<O> {
  readonly outcome: O;
  readonly totalMs: number;
  readonly warnings: readonly string[];
}

async function conductBy<O>(
  engine: Engine,
  stage: Stage,
  options: DumpOptions | RestoreOptions,
  work: (place: Workplace) => Promise<O>,
): Promise<Conducted<O>> {
  checkPlatform();
  checkOptions(options);
  checkAborted(options.signal);
  const control = createControl();
  const { leaveRunning = false, pid } = options as DumpOptions;
  const run = openRun(stage, options, control);
  const startedAt = performance.now();
  const warnings: string[] = [];
  const job = jobOf(options, run.place, startedAt, warnings);
  const guard = guardThread(options);
  try {
    const records = stage === 'restore' ? await readRecords(run) : null;
    const listed =
      stage === 'restore' ? (await readListed(run)).filter((it) => !engine.answersFor?.(it, needsHost(options))) : [];
    const check = ({ plugins }: Pick<PluginHost, 'plugins'>): void => checkRecordedProviders(records, listed, plugins);
    const hosting = { stage, options, images: run, records, warnings, check };
    const outcome = await withHost(hosting, async (host) => {
      const place = { job: { ...job, host }, records, ...commitOf(run.place, control, leaveRunning ? pid : null) };
      const done = await work(place);
      if (stage === 'dump') arrive(run, control, job.warn);
      return done;
    });
    return { outcome, totalMs: performance.now() - startedAt, warnings };
  } catch (error) {
    throw toEngineError(error);
  } finally {
    guard.release();
    await run.close();
  }
}

/**
 * An engine commits while the tree stands still, and takes it back if the tree goes on after all.
 * @param runsOn the root of a tree that runs on in any case
 */
function commitOf(
  place: DirectoryPlace,
  control: Control,
  runsOn: number | null,
): Pick<Workplace, 'commit' | 'takeBack'> {
  let made: PreparedSwap | null = null;
  return {
    commit() {
      if (runsOn !== null)
        refuseInUse(
          place.directory,
          doSteps(surveyTree(runsOn), () => undefined).map(({ pid }) => pid),
        );
      made ??= commitDirectory(place, control);
    },
    takeBack() {
      if (made !== null) takeBackDirectory(made, control);
      made = null;
    },
  };
}

/** The tree has ended or goes on with the dump behind it: the old images are needed no more. */
function arrive(run: DirectoryRun, control: Control, warn: (message: string) => void): void {
  if (!control.committed()) {
    throw new EngineError('INTERNAL', 'the engine is done with the dump, and has not committed it');
  }
  settleDirectory(run.place, warn);
  run.follow();
}

function openRun(stage: Stage, options: DumpOptions | RestoreOptions, control: Control): DirectoryRun {
  const { images, force = false } = options as DumpOptions;
  if (typeof images !== 'string' || images === '') throw typeof images === 'object' ? noDirectory() : badImages();
  try {
    return openDirectory(absolutePath(images, options.cwd), purposeOf(stage, force, options), control);
  } catch (error) {
    throw toEngineError(error);
  }
}

function jobOf(
  options: RunOptions,
  { stage, staging, directory }: DirectoryPlace,
  startedAt: number,
  warnings: string[],
): Omit<EngineJob, 'host'> {
  const { hookDeadline: hookDeadlineMs = defaultDeadlineMs, signal = new AbortController().signal } = options;
  const { onProgress, onLog } = options;
  return {
    images: stage === 'dump' ? staging : directory,
    directory,
    hookDeadlineMs,
    signal,
    phase: (phase) => onProgress?.({ phase, elapsedMs: performance.now() - startedAt }),
    log: (entry) => onLog?.(entry),
    warn(message) {
      warnings.push(message);
      onLog?.({ level: 'warn', message });
    },
  };
}

interface Hosting {
  readonly stage: Stage;
  readonly options: RunOptions;
  readonly images: RunImages;
  readonly records: Records | null;
  readonly warnings: string[];
  /** Called before any init: throws when a plugin is missing that the images need. */
  check(loaded: Pick<PluginHost, 'plugins'>): void;
}

/** Runs with the plugins between their init and their exit. Without plugins nothing of the host is even read. */
async function withHost<O>(
  { stage, options, images, records, warnings, check }: Hosting,
  work: (host: PluginHost | null) => Promise<O>,
): Promise<O> {
  const record = openRecord(options);
  try {
    const imageVersions = stage === 'restore' ? imageVersionsOf(records) : undefined;
    const parts = { options, images, record, imageVersions, signal: options.signal };
    const host = needsHost(options) ? await createHost(parts) : null;
    check(host ?? { plugins: [] });
    if (host !== null && stage === 'dump') warnOfUnpaired(host, options);
    await host?.start(stage);
    try {
      const outcome = await work(host);
      warnings.push(...((await host?.finish({ ok: true })) ?? []).map(({ message }) => message));
      return outcome;
    } catch (error) {
      await host?.finish({ ok: false, error: toEngineError(error) as CriuError });
      throw error;
    }
  } finally {
    record.close();
  }
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('ABORTED', 'the run was aborted before it began');
}

function noDirectory(): EngineError {
  return new EngineError('BAD_OPTION', 'this engine keeps images in a directory, and `images` is a store', {
    remedy: "Give a directory: images: 'path/to/directory', or use the embedded engine.",
  });
}
