import { readOptions } from '../engine-options/read.ts';
import { closedByPlugin } from '../errors/closed-by-plugin.ts';
import { EngineError } from '../errors/errors.ts';
import { toEngineError } from '../errors/to-engine-error.ts';
import { openImages } from '../images/open-images.ts';
import { type Purpose, purposeOf, type StorePlace } from '../images/run-images.ts';
import type { Engine, EngineJob } from '../interface/engine.ts';
import { checkOptions, checkPid, checkPlatform } from './admission.ts';
import { guardCrashes } from './crash-guard.ts';
import { noticeDebugger, watchedDeadline } from './debugging.ts';
import { nameInstalled, namePlugins } from './installed.ts';
import { refuseNested } from './nested.ts';
import type { DumpOptions, DumpResult, NamedPlugins, RestoreOptions, RestoreResult } from './options.ts';
import { defaultDeadlineMs, openPlugins, type RunPlugins } from './plugins.ts';
import { suggestForRefused } from './suggestions.ts';

/**
 * Dumps a process and its descendants with an engine. Without `leaveRunning` the tree ends once the dump is complete.
 * @throws EngineError; the tree then runs on unchanged
 */
export async function dumpBy(engine: Engine, options: DumpOptions): Promise<DumpResult> {
  const { pid, leaveRunning = false, dumpOnly = false, force = false } = options;
  checkPid(pid);
  const given = readOptions('dump', options);
  const purpose = purposeOf('dump', { force }, options);
  const { outcome, totalMs, warnings } = await conduct(engine, purpose, options, (job) =>
    engine.dump({ ...job, ...given, pid, leaveRunning, dumpOnly }),
  );
  const { processes, threads, bytes, frozenMs, plugins, networkLock } = outcome;
  const held = networkLock === undefined ? {} : { networkLock };
  return { pid, processes, threads, bytes, frozenMs, totalMs, plugins, ...held, warnings };
}

/**
 * Restores a dump with an engine. Without `detach` the restored root is a child of this process, and `exited` resolves when it
 * ends.
 * @throws EngineError; nothing is left half restored
 */
export async function restoreBy(engine: Engine, options: RestoreOptions): Promise<RestoreResult> {
  const { detach = false, trustImages = false } = options;
  const given = readOptions('restore', options);
  const purpose = purposeOf('restore', { trustImages }, options);
  const { outcome, totalMs, warnings } = await conduct(engine, purpose, options, (job) =>
    engine.restore({ ...job, ...given, detach }),
  );
  const { pid, pids, restoreMs, exited } = outcome;
  const result = { pid, pids: new Map(pids), restoreMs, totalMs, warnings };
  return exited === undefined ? result : { ...result, exited };
}

interface Conducted<O> {
  readonly outcome: O;
  readonly totalMs: number;
  readonly warnings: readonly string[];
}

/** Everything around an engine's work: checks options first and claims the images meanwhile. */
async function conduct<O extends { readonly warnings?: readonly string[] }>(
  engine: Engine,
  purpose: Purpose,
  given: DumpOptions | RestoreOptions,
  work: (job: EngineJob) => Promise<O>,
): Promise<Conducted<O>> {
  checkPlatform();
  refuseNested(`${purpose.stage}()`);
  checkOptions(given);
  let options: NamedPlugins = { plugins: [] };
  try {
    options = await namePlugins(given);
    if (options.signal?.aborted) throw new EngineError('ABORTED', 'the run was aborted before it began');
    noticeDebugger(options);
    if (engine.foldersOnly && typeof given.images === 'object') throw noDirectory();
    const images = await openImages(given.images, purpose);
    let failed = false;
    let plugins: RunPlugins | undefined;
    const crash = guardCrashes({ stage: purpose.stage, lastWords: options.lastWords });
    try {
      if (engine.foldersOnly) refuseForeign(images.place);
      const startedAt = performance.now();
      const warned: string[] = [];
      plugins = openPlugins(options, purpose.stage, images, crash);
      const outcome = await work({ images, plugins, ...listenersOf(options, startedAt, warned) });
      const warnings = [...new Set([...warned, ...(outcome.warnings ?? [])])];
      return { outcome, totalMs: performance.now() - startedAt, warnings };
    } catch (error) {
      failed = true;
      const told = await nameInstalled(toEngineError(error), images, plugins, options.cwd);
      throw await suggestForRefused(told, options.cwd, () => loadedNames(plugins));
    } finally {
      crash.release();
      await images.close().catch((error) => {
        // What came first says more.
        if (!failed) throw error;
      });
    }
  } catch (error) {
    throw blameForClosed(toEngineError(error), options);
  }
}

/** Those that have been asked. */
async function loadedNames(plugins: RunPlugins | undefined): Promise<string[]> {
  const host = await plugins?.load().catch(() => null);
  return host?.plugins.map(({ name }) => name) ?? [];
}

/** This process closes each descriptor once: who else runs in it has closed one that was not theirs. */
function blameForClosed(error: EngineError, { plugins = [] }: NamedPlugins): EngineError {
  if ((error.cause as { code?: unknown } | undefined)?.code !== 'EBADF' || plugins.length === 0) return error;
  const names = plugins.map((it) => (typeof it === 'string' ? it : it.name));
  const what = ` closed a descriptor that is the engine's own (${error.message})`;
  return closedByPlugin(names, what, { cause: error });
}

function listenersOf(
  options: NamedPlugins,
  startedAt: number,
  warned: string[],
): Omit<EngineJob, 'images' | 'plugins'> {
  const { hookDeadline = defaultDeadlineMs, signal = new AbortController().signal } = options;
  const { onProgress, onLog, lastWords = 'text' } = options;
  return {
    hookDeadlineMs: watchedDeadline(hookDeadline),
    lastWords,
    signal,
    phase: (phase) => onProgress?.({ phase, elapsedMs: performance.now() - startedAt }),
    log: (entry) => onLog?.(entry),
    warn(message) {
      warned.push(message);
      onLog?.({ level: 'warn', message });
    },
  };
}

/** An engine that is a program of its own uses images with all the rights of who runs it. */
function refuseForeign(place: StorePlace): void {
  if (typeof place === 'string' || place.owner === null || place.owner === 0) return;
  const caller = process.geteuid?.() ?? place.owner;
  if (place.owner === caller) return;
  throw new EngineError(
    'IMAGES_UNTRUSTED',
    `${place.directory} belongs to user ${place.owner}, and this engine would restore it with the rights of user ${caller}`,
    {
      resource: place.directory,
      remedy:
        'Use the embedded engine, which restores it with the rights of its owner, or pass --trust-images (option `trustImages`).',
    },
  );
}

function noDirectory(): EngineError {
  return new EngineError('BAD_OPTION', 'this engine keeps images in a directory, and `images` is a store', {
    remedy: "Give a directory: images: 'path/to/directory', or use the embedded engine.",
  });
}
