import type { PluginHost } from '@criujs/plugin-host';
import type { DumpOutcome, Engine, EngineJob, Records } from '@criujs/plugin-host/engine';
import type { CriuError } from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import { checkRecordedProviders } from '../files/providers.ts';
import type { DumpOptions, DumpResult, RestoreOptions, RestoreResult, RunOptions } from '../options.ts';
import { deathOf } from '../tasks/death.ts';
import { checkRoot } from '../tasks/recognise.ts';
import { checkOptions, checkPlatform } from './admission.ts';
import { openImages, type RunImages } from './images.ts';
import { createControl } from './link.ts';
import { createHost, defaultDeadlineMs, imageVersionsOf, needsHost, readRecords } from './plugins.ts';
import { openRecord } from './record.ts';
import { clearOnce } from './store.ts';
import { guardThread } from './watchdog.ts';
import { toEngineError } from './wire.ts';

// Runs of an engine that is not ours: it works on the main thread, and everything around it is the same.

type Stage = 'dump' | 'restore';

/** What a run of another engine is done with. */
interface Workplace {
  readonly job: EngineJob;
  /** What `criujs.json` held at a restore. */
  readonly records: Records | null;
  /** Clears an old dump away, once. */
  beforeWriting(): void;
}

export async function dumpBy(engine: Engine, options: DumpOptions): Promise<DumpResult> {
  const { pid, leaveRunning = false } = options;
  checkPlatform();
  const root = checkRoot(pid);
  const dump = async ({ job, beforeWriting }: Workplace): Promise<DumpOutcome> => {
    try {
      return await engine.dump({ ...job, pid, leaveRunning, beforeWriting });
    } catch (error) {
      throw deathOf([root], error) ?? error;
    }
  };
  const { outcome, totalMs, warnings } = await conductBy('dump', options, dump);
  return { ...outcome, pid, totalMs, warnings };
}

export async function restoreBy(engine: Engine, options: RestoreOptions): Promise<RestoreResult> {
  const { newPids = false, detach = false } = options;
  const { outcome, totalMs, warnings } = await conductBy('restore', options, ({ job, records }) =>
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
  stage: Stage,
  options: DumpOptions | RestoreOptions,
  work: (place: Workplace) => Promise<O>,
): Promise<Conducted<O>> {
  checkPlatform();
  checkOptions(options);
  checkAborted(options.signal);
  const control = createControl();
  const { images, force = false, cwd = process.cwd() } = options as DumpOptions;
  const run = await openImages(images, { stage, force, cwd }, control);
  if (typeof run.place === 'string') throw noDirectory();
  const { directory } = run.place;
  const startedAt = performance.now();
  const warnings: string[] = [];
  const job = jobOf(options, directory, startedAt, warnings);
  const beforeWriting = clearOnce(directory, control.markDirty);
  const guard = guardThread(options);
  try {
    const records = stage === 'restore' ? await readRecords(run) : null;
    const outcome = await withHost({ stage, options, images: run, records, warnings }, (host) => {
      checkRecordedProviders(records, host?.plugins ?? []);
      return work({ job: { ...job, host }, records, beforeWriting });
    });
    return { outcome, totalMs: performance.now() - startedAt, warnings };
  } catch (error) {
    await run.discard();
    throw toEngineError(error);
  } finally {
    guard.release();
  }
}

function jobOf(options: RunOptions, images: string, startedAt: number, warnings: string[]): Omit<EngineJob, 'host'> {
  const { hookDeadline: hookDeadlineMs = defaultDeadlineMs, signal = new AbortController().signal } = options;
  const { onProgress, onLog } = options;
  return {
    images,
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
}

/** Runs with the plugins between their init and their exit. Without plugins nothing of the host is even read. */
async function withHost<O>(
  { stage, options, images, records, warnings }: Hosting,
  work: (host: PluginHost | null) => Promise<O>,
): Promise<O> {
  const record = openRecord(options);
  try {
    const imageVersions = stage === 'restore' ? imageVersionsOf(records) : undefined;
    const parts = { options, images, record, imageVersions, signal: options.signal };
    const host = needsHost(options) ? await createHost(parts) : null;
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
