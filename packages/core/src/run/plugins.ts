import { closeSync } from 'node:fs';
import { decodeRecords, type Records, recordsName } from '@criujs/engine-kit';
import type { ImageVersions, PluginHost, PluginInfo } from '@criujs/plugin-host';
import { type PluginRecord, unpairedWarnings } from '@criujs/plugin-host/facts';
import {
  type Descriptor,
  type HookArgs,
  type HookName,
  type Outcome,
  type OwnedDescriptor,
  retryLater,
  type Stage,
  type VmaSource,
} from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import type { RunOptions } from '../options.ts';
import type { PluginNames, Request, ServedHooks, StartedPlugins, WireAnswer } from './protocol.ts';
import { openRecord, type RunRecord } from './record.ts';
import type { RunImages } from './run-images.ts';
import { decodeError } from './wire.ts';

/** The plugins of one run, on the main thread. */
export interface RunPlugins {
  /** Loads them, and runs their init when there is a stage. */
  start(): Promise<StartedPlugins>;
  call(request: Extract<Request, { kind: 'hook' }>): Promise<WireAnswer>;
  /** What the images are to say of each plugin. `took`: those that took a resource. */
  record(took: readonly string[]): readonly PluginRecord[];
  /** Before a dump counts. @throws HostError what plugins did outside of their calls */
  seal(): Promise<void>;
  /** Closes the descriptors that hooks gave, then runs exit; answers what went wrong there. Never throws. */
  finish(outcome: Outcome): Promise<string[]>;
}

/** Where plugins' own parts live, and what is recorded of them. Asked only when there are plugins. */
type PluginImages = Pick<RunImages, 'sections' | 'read'>;

/**
 * @param stage null: the run only looks which hooks there are
 */
export function openPlugins(options: RunOptions, stage: Stage | null, images: PluginImages): RunPlugins {
  const descriptors = descriptorKeeper();
  const record = openRecord(options);
  // Loading begins while the engine's thread starts; its failure is told where it is waited for.
  // Without plugins nothing of the host is even read.
  const create = async (): Promise<PluginHost> => {
    const imageVersions = stage === 'restore' ? imageVersionsOf(await readRecords(images)) : undefined;
    return createHost({ options, images, record, imageVersions });
  };
  const loading = needsHost(options) ? create() : null;
  loading?.catch(() => undefined);
  let host: PluginHost | null = null;
  let over = false;
  const begin = async (loaded: Promise<PluginHost>): Promise<PluginHost> => {
    host = await loaded;
    if (over) throw new EngineError('ABORTED', 'the run was over before its plugins were loaded');
    if (stage === 'dump') warnOfUnpaired(host, options);
    if (stage !== null) await host.start(stage);
    return host;
  };
  return {
    async start() {
      if (loading !== null) await begin(loading);
      const plugins = host?.plugins ?? [];
      return { served: servedHooks(host), plugins: plugins.map(namesOf) };
    },
    async call({ hook, args, provider, providerVersion, resource }) {
      const how = { provider, providerVersion, resource };
      // Without plugins there is no host yet; it says best which provider is missing.
      const answer = await (host ?? (await begin(create()))).call(hook, args as HookArgs<HookName>, how);
      if (!answer.claimed) return { claimed: false };
      const { plugin, version } = answer;
      const result = answer.result as unknown;
      return {
        claimed: true,
        plugin,
        version,
        result: result === retryLater ? { retryLater: true } : { value: descriptors.plain(hook, result) },
      };
    },
    record: (took) => host?.record(took) ?? [],
    async seal() {
      await host?.seal();
    },
    async finish(outcome) {
      over = true;
      const warnings = await descriptors.closeAll();
      const aborted = !outcome.ok && outcome.error.code === 'ABORTED';
      // A run that was given up while plugins were still loading has a host nevertheless. An abort does not wait for it: no
      // init was called yet.
      if (!aborted) host ??= (await loading?.catch(() => null)) ?? null;
      const errors = host === null || stage === null ? [] : await host.finish(outcome);
      record.close();
      return [...warnings, ...errors.map((it) => it.message)];
    },
  };
}

export const defaultDeadlineMs = 10_000;

/** Rebuilds the outcome that plugins' exit is told. */
export function outcomeOf(request: Extract<Request, { kind: 'finish' }>): Outcome {
  return request.error === null ? { ok: true } : { ok: false, error: decodeError(request.error) };
}

/** Options without a plugin are a mistake that the host tells best, and a record says that nobody was asked. */
export function needsHost({ plugins = [], pluginOptions = {}, record }: RunOptions): boolean {
  return plugins.length > 0 || Object.keys(pluginOptions).length > 0 || record !== undefined;
}

interface HostParts {
  readonly options: RunOptions;
  readonly images: PluginImages;
  readonly record: RunRecord;
  /** For a restore: the versions of the plugins' parts. */
  readonly imageVersions: ImageVersions | undefined;
  /** Ends calls that wait; the embedded engine ends them from its own thread. */
  readonly signal?: AbortSignal | undefined;
}

export async function createHost({ options, images, record, imageVersions, signal }: HostParts): Promise<PluginHost> {
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
  });
  return recorder === null ? host : recorder.host(host);
}

/** Tells, before a dump or a plan, of plugins that take what nobody could bring back. */
export function warnOfUnpaired(host: PluginHost, { onLog }: Pick<RunOptions, 'onLog'>): void {
  for (const entry of unpairedWarnings(host)) onLog?.(entry);
}

/** All of `criujs.json`; null: the images are CRIU's own. */
export async function readRecords(images: Pick<RunImages, 'read'>): Promise<Records | null> {
  const bytes = await images.read(recordsName);
  return bytes === null ? null : decodeRecords(bytes);
}

/** Of the plugins' parts, by plugin name. */
export function imageVersionsOf(records: Records | null): ImageVersions {
  return Object.fromEntries((records?.plugins ?? []).map(({ name, imageVersion }) => [name, imageVersion]));
}

function namesOf({ name, inventoryName }: PluginInfo): PluginNames {
  return inventoryName === undefined ? { name } : { name, inventoryName };
}

function servedHooks(host: PluginHost | null): ServedHooks {
  const served: Partial<Record<HookName, string[]>> = {};
  for (const { name, hooks } of host?.plugins ?? []) {
    for (const hook of hooks) served[hook] = [...(served[hook] ?? []), name];
  }
  return served;
}

/** Makes plain numbers of the descriptors in answers, and closes each the way its plugin asked for, once. The host limits the time of `close`. */
function descriptorKeeper(): {
  plain(hook: HookName, result: unknown): unknown;
  closeAll(): Promise<string[]>;
} {
  const numbers = new Set<number>();
  const owned: OwnedDescriptor[] = [];
  const keep = (descriptor: Descriptor): number => {
    if (typeof descriptor === 'number') {
      numbers.add(descriptor);
      return descriptor;
    }
    owned.push(descriptor);
    return descriptor.fd;
  };
  const plainOf: Partial<Record<HookName, (result: unknown) => unknown>> = {
    RESTORE_UNIX_SK: (result) => keep(result as Descriptor),
    RESTORE_EXT_FILE: (result) => keep(result as Descriptor),
    UPDATE_VMA_MAP(result) {
      if (result === undefined) return result;
      const { offset, fd } = result as VmaSource;
      return fd === undefined ? { offset } : { offset, fd: keep(fd) };
    },
  };
  return {
    plain: (hook, result) => plainOf[hook]?.(result) ?? undefined,
    async closeAll() {
      const closing = [...[...numbers].map(async (fd) => closeSync(fd)), ...owned.map(async (it) => it.close())];
      numbers.clear();
      owned.length = 0;
      const settled = await Promise.allSettled(closing);
      return settled
        .filter((it) => it.status === 'rejected')
        .map((it) => `a descriptor that a plugin opened could not be closed: ${(it.reason as Error).message}`);
    },
  };
}
