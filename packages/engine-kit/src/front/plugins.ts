import { setMaxListeners } from 'node:events';
import type { ImageVersions, PluginHost } from '@criujs/plugin-host';
import { thrownLines, unpairedWarnings } from '@criujs/plugin-host/facts';
import type { CriuError, Outcome, Stage } from '@criujs/plugin-sdk';
import { EngineError } from '../errors/errors.ts';
import { toEngineError } from '../errors/to-engine-error.ts';
import type { RunImages } from '../images/run-images.ts';
import { checkRecordedProviders } from '../records/providers.ts';
import { readRecords } from '../records/read-records.ts';
import type { Records } from '../records/records.ts';
import type { CrashGuard } from './crash-guard.ts';
import type { NamedPlugins, RunOptions } from './options.ts';
import { openRecord, type RunRecord } from './record.ts';

/** The plugins of one run, on the main thread. */
export interface RunPlugins {
  /** How many the user named. */
  readonly count: number;
  /** Whether there is anything for a host to do. */
  readonly wanted: boolean;
  /** Waits until they are loaded, which began with the run; null: there are none. */
  load(): Promise<PluginHost | null>;
  /** The same, and runs their init. @throws EngineError PLUGIN_MISSING at a restore: the images need another one, too */
  start(): Promise<PluginHost | null>;
  /** A host that has started, even without plugins: it says best which is missing. */
  demand(): Promise<PluginHost>;
  /** Says which descriptors of this process an engine's own thread has opened: no plugin may answer these. Called before they start. */
  reserve(isThreads: (fd: number) => boolean): void;
  /** Ends the pending call, and all later ones except those of exit. An engine that ends them itself does not need it. */
  abort(): void;
  /** Runs exit; answers what went wrong there. Never throws. */
  finish(outcome: Outcome): Promise<string[]>;
}

/** Where plugins' own parts live, and what is recorded of them. Asked only when there are plugins. */
type PluginImages = Pick<RunImages, 'sections' | 'read' | 'place'>;

/**
 * Starts to load the plugins of a run; failures surface where the result is awaited.
 * @param crash is told what they are called for, and how far the run is
 */
export function openPlugins(
  options: NamedPlugins,
  stage: Stage,
  images: PluginImages,
  crash: Pick<CrashGuard, 'called' | 'reached'> = unguarded,
): RunPlugins {
  const record = openRecord(options);
  const aborting = new AbortController();
  // Every call that waits listens, and an engine may have any number of them: no leak.
  setMaxListeners(0, aborting.signal);
  const claim = typeof images.place === 'object' ? images.place.claim : null;
  let isThreads = (_: number): boolean => false;
  const isEngines = (fd: number): boolean => fd === claim || isThreads(fd);
  // Without plugins the host is not even loaded.
  let records: Records | null = null;
  const create = async (): Promise<PluginHost> => {
    if (stage === 'restore') records = await readRecords(images);
    const imageVersions = stage === 'restore' ? imageVersionsOf(records) : undefined;
    return createHost({ options, images, record, imageVersions, crash, signal: aborting.signal, isEngines });
  };
  const loading = needsHost(options) ? create() : null;
  loading?.catch(() => undefined);
  let host: PluginHost | null = null;
  let over = false;
  const begin = async (loaded: Promise<PluginHost>): Promise<PluginHost> => {
    host = await loaded;
    if (over) throw new EngineError('ABORTED', 'the run was over before its plugins were loaded');
    if (stage === 'dump') warnOfUnpaired(host, options);
    // Before any init: those that are there do nothing for a restore that cannot be.
    checkRecordedProviders(records, [], host.plugins);
    await host.start(stage);
    return host;
  };
  return {
    count: options.plugins?.length ?? 0,
    wanted: loading !== null,
    load: async () => loading,
    start: async () => (loading === null ? null : begin(loading)),
    demand: async () => host ?? begin(loading ?? create()),
    reserve(are) {
      isThreads = are;
    },
    abort: () => aborting.abort(),
    async finish(outcome) {
      over = true;
      const aborted = !outcome.ok && outcome.error.code === 'ABORTED';
      // A run that was given up while plugins were still loading has a host nevertheless. An abort does not wait for it: no
      // init was called yet.
      if (!aborted) host ??= (await loading?.catch(() => null)) ?? null;
      crash.reached(outcome.ok ? 'done' : 'failed');
      const errors = host === null ? [] : await host.finish(outcome);
      record.close();
      logExits(errors, outcome, options);
      return errors.map((it) => it.message);
    },
  };
}

/** Whoever gets the errors of a run that went well warns of them; after one that failed nobody else tells of them. */
function logExits(errors: readonly CriuError[], outcome: Outcome, { onLog }: RunOptions): void {
  for (const { plugin = 'criujs', hook = 'exit', message, thrown } of errors) {
    if (!outcome.ok) onLog?.({ level: 'warn', plugin, hook, message });
    if (thrown !== undefined) onLog?.({ level: 'debug', plugin, hook, message: thrownLines(thrown).join('\n  ') });
  }
}

const unguarded = { called: () => undefined, reached: () => undefined };

/** Milliseconds that a hook may take by default. */
export const defaultDeadlineMs = 10_000;

/** The host reports options without a plugin best, and a record shows that no plugin was asked. */
function needsHost({ plugins = [], pluginOptions = {}, record }: NamedPlugins): boolean {
  return plugins.length > 0 || Object.keys(pluginOptions).length > 0 || record !== undefined;
}

interface HostParts {
  readonly options: NamedPlugins;
  readonly images: PluginImages;
  readonly record: RunRecord;
  /** For a restore: the versions of the plugins' parts. */
  readonly imageVersions: ImageVersions | undefined;
  readonly crash: Pick<CrashGuard, 'called' | 'reached'>;
  /** Ends calls that wait. */
  readonly signal: AbortSignal;
  readonly isEngines: (fd: number) => boolean;
}

async function createHost({
  options,
  images,
  record,
  imageVersions,
  crash,
  signal,
  isEngines,
}: HostParts): Promise<PluginHost> {
  const { createPluginHost, createRecorder } = await import('@criujs/plugin-host');
  const { plugins = [], cwd, loaders, pluginOptions, hookDeadline = defaultDeadlineMs, onLog } = options;
  const recorder = record.sink === null ? null : createRecorder(record.sink);
  const store = await images.sections();
  const host = await createPluginHost({
    plugins,
    cwd,
    loaders,
    options: pluginOptions,
    images: store === undefined || recorder === null ? store : recorder.sections(store),
    imageVersions,
    deadline: hookDeadline,
    signal,
    onLog,
    isEngines,
    afterRun: afterRunOf(options),
    onCall: crash.called,
  });
  const sealing: PluginHost = {
    ...host,
    async seal() {
      await host.seal();
      crash.reached('sealed');
    },
  };
  return recorder === null ? sealing : recorder.host(sealing);
}

/** Errors of the engine's family, whoever made them. */
export function afterRunOf({ onLateError }: Pick<RunOptions, 'onLateError'>): ((error: unknown) => void) | undefined {
  return onLateError === undefined ? undefined : (error) => onLateError(toEngineError(error));
}

/** Warns, before a dump or a plan, about plugins that take what no plugin could restore. */
export function warnOfUnpaired(host: PluginHost, { onLog }: Pick<RunOptions, 'onLog'>): void {
  for (const entry of unpairedWarnings(host)) onLog?.(entry);
}

/** Of the plugins' parts, by plugin name. */
function imageVersionsOf(records: Records | null): ImageVersions {
  return Object.fromEntries((records?.plugins ?? []).map(({ name, imageVersion }) => [name, imageVersion]));
}
