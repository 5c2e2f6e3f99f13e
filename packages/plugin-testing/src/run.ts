import { fstatSync } from 'node:fs';
import {
  createPluginHost,
  type HookAnswer,
  type LogEntry,
  type PluginHost,
  type PluginLoader,
  type SectionStore,
} from '@criujs/plugin-host';
import {
  type BatchArgs,
  type BatchName,
  type CriuError,
  type HandlerName,
  type HookArgs,
  type HookName,
  hookTable,
  type OwnedDescriptor,
  type Plugin,
  type Provider,
  type Stage,
  type VmaSource,
} from '@criujs/plugin-sdk';
import { isRunError, KitError } from './errors.ts';
import { type Fault, planFaults, waitsForDeadline } from './faults.ts';
import { type Asked, observe, observingLoader, type Watch } from './observe.ts';
import type { CallReport, Claim, ExitReport, RunReport, Unclaimed } from './report.ts';
import type { MemorySections } from './sections.ts';

/** In which order hooks are called: as CRIU does it, or as the embedded engine. */
export type EngineOrder = 'criu' | 'embedded';

/** What dump and restore both take. */
export interface RunSettings {
  /** Plugins, or names and paths as a user would write them. */
  readonly plugins: readonly (string | Plugin)[];
  /** Where names and paths are resolved from. */
  readonly cwd?: string | undefined;
  readonly loaders?: readonly PluginLoader[] | undefined;
  /** By plugin name. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds that one call may take. Default 10 000, or 1 000 when a fault waits for it. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly faults?: readonly Fault[] | undefined;
  /** Default `criu`. */
  readonly order?: EngineOrder | undefined;
  /** Calls each exit twice: it must bear that. */
  readonly exitTwice?: boolean | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /** Wraps the host, for example with `recordCalls`. */
  readonly wrapHost?: ((host: PluginHost) => PluginHost) | undefined;
  /** Wraps the store of parts, as a recorder does. */
  readonly wrapSections?: ((store: SectionStore) => SectionStore) | undefined;
}

export interface AskOptions {
  /** The processes that the hook is called for. */
  readonly batch?: BatchArgs | undefined;
  readonly resource?: string | undefined;
  readonly provider?: string | undefined;
  readonly providerVersion?: string | null | undefined;
}

/** A run while it goes on: what steps of dump and restore use. */
export interface Run {
  /** Calls a hook. What is claimed, and what not, is noted. */
  ask<N extends HookName>(hook: N, args: HookArgs<N>, how?: AskOptions): Promise<HookAnswer<N>>;
  /** As `ask`, with a descriptor that is lent for the time of the call and closed then. */
  lend<N extends HookName>(
    hook: N,
    lent: OwnedDescriptor,
    args: (fd: number) => HookArgs<N>,
    how?: AskOptions,
  ): Promise<HookAnswer<N>>;
  /** Calls a hook for each process, as the engine does whose order this is. */
  tell(hook: BatchName, pids: BatchArgs['pids']): Promise<void>;
  /** Waits for what hooks have left for later. */
  settle(): Promise<void>;
  readonly unclaimed: readonly Unclaimed[];
  readonly claims: readonly Claim[];
  /** Whether a plugin of this run has the hook. */
  serves(hook: HookName): boolean;
}

/** A list of plugins stands for settings that have nothing else. */
export function settingsOf<S extends RunSettings>(given: S | S['plugins']): S {
  return Array.isArray(given) ? ({ plugins: given } as unknown as S) : (given as S);
}

/** Runs plugins through the host: init, the steps, exit. What fails ends in the report; a mistake of the test is thrown. */
export async function conduct(
  stage: Stage,
  settings: RunSettings,
  sections: MemorySections,
  steps: (run: Run) => Promise<void>,
): Promise<RunReport> {
  const notes = createNotes(settings);
  const signal = AbortSignal.any([notes.abort.signal, ...(settings.signal === undefined ? [] : [settings.signal])]);
  let host: PluginHost | undefined;
  let thrown: unknown;
  try {
    host = await openHost(settings, sections, notes, signal);
    if (stage !== 'restore') {
      sections.versions = Object.fromEntries(host.plugins.map(({ name, imageVersion }) => [name, imageVersion]));
    }
    if (stage === 'restore') checkLoaded(sections.required, host);
    await host.start(stage);
    notes.checkFatal();
    await steps(createRun(host, notes, signal, settings.order ?? 'criu'));
    checkAborted(signal);
    if (stage !== 'restore') await host.seal();
    if (stage === 'dump') {
      const records = host.record(notes.claims.map(({ plugin }) => plugin));
      sections.required = records.filter(({ required }) => required).map(({ name, version }) => ({ name, version }));
    }
  } catch (error) {
    thrown = notes.fatal() ?? error;
  }
  // Before exit, as the engine does it: plugins that own descriptors still live.
  const closing = await notes.closeAll();
  const error = thrown === undefined ? closing : isRunError(thrown) ? thrown : mistake(thrown);
  const exitErrors = (await host?.finish(error === undefined ? { ok: true } : { ok: false, error })) ?? [];
  if (thrown !== undefined && !isRunError(thrown)) throw thrown;
  return {
    stage,
    ok: error === undefined,
    ...(error === undefined ? {} : { error }),
    calls: notes.calls,
    claims: notes.claims,
    unclaimed: notes.unclaimed,
    logs: notes.logs,
    inits: notes.inits,
    exits: notes.exits,
    exitErrors,
    sections: sections.contents(),
    struck: notes.watch.faults.struck,
  };
}

/** As an engine does before it calls anybody. @throws KitError PLUGIN_MISSING */
function checkLoaded(required: readonly Provider[], { plugins }: PluginHost): void {
  const missing = required.filter(({ name }) => plugins.every((it) => it.name !== name));
  const [first] = missing;
  if (first === undefined) return;
  const names = missing.map(({ name, version }) => (version === null ? name : `${name} ${version}`)).join(', ');
  throw new KitError('PLUGIN_MISSING', `the image needs ${names}, and it is not loaded`, {
    plugin: first.name,
    remedy: 'Restore with the plugins of the dump; one whose parts are only notes says required: false.',
  });
}

/** Closed after a run: what plugins answered. */
interface Kept {
  readonly plugin: string;
  readonly hook: HookName;
  readonly descriptor: OwnedDescriptor;
  /** What it led to when it was answered. */
  readonly identity: string | null;
}

interface Notes {
  readonly watch: Watch;
  readonly abort: AbortController;
  readonly calls: CallReport[];
  readonly claims: Claim[];
  readonly unclaimed: Unclaimed[];
  readonly logs: LogEntry[];
  readonly inits: string[];
  readonly exits: ExitReport[];
  /** Gives who was asked since the last time. */
  takeAsked(): readonly Asked[];
  /** The error of a fault that ended the run from outside. */
  fatal(): KitError | undefined;
  /** @throws KitError that error, if there is one */
  checkFatal(): void;
  keep(it: Kept): void;
  closeAll(): Promise<CriuError | undefined>;
}

function createNotes({ faults = [], exitTwice = false }: RunSettings): Notes {
  const abort = new AbortController();
  const inits: string[] = [];
  const exits: ExitReport[] = [];
  const kept: Kept[] = [];
  let asked: Asked[] = [];
  let fatal: Fault | undefined;
  const watch: Watch = {
    faults: planFaults(faults),
    asked: (it) => void asked.push(it),
    began: (plugin) => void inits.push(plugin),
    exited: (plugin, outcome, ...error) =>
      void exits.push({ plugin, outcome, ...(error.length === 0 ? {} : { error: error[0] }) }),
    strike(fault) {
      if (fault.fault === 'interrupted') abort.abort(new Error('a fault of the test: interrupted'));
      if (fault.fault === 'engine-failed' || fault.fault === 'host-gone') fatal ??= fault;
    },
    gone: () => fatal?.fault === 'host-gone',
    exitTwice,
  };
  return {
    watch,
    abort,
    calls: [],
    claims: [],
    unclaimed: [],
    logs: [],
    inits,
    exits,
    takeAsked() {
      const taken = asked;
      asked = [];
      return taken;
    },
    fatal: () => (fatal === undefined ? undefined : fatalError(fatal)),
    checkFatal() {
      if (fatal !== undefined) throw fatalError(fatal);
    },
    keep(it) {
      kept.push(it);
    },
    async closeAll() {
      const settled = await Promise.allSettled(kept.splice(0).map(closeKept));
      const [failed] = settled.flatMap((it) => (it.status === 'rejected' ? [it.reason as CriuError] : []));
      return failed;
    },
  };
}

/** Closes what a plugin answered, unless that is no more. @throws HostError, KitError */
async function closeKept({ plugin, hook, descriptor, identity: before }: Kept): Promise<void> {
  if (identity(descriptor.fd) === before) return descriptor.close();
  const message = `plugin ${plugin}: the descriptor ${descriptor.fd} that ${hook} answered was closed before the engine had it in place`;
  throw new KitError('DESCRIPTOR_CLOSED', message, {
    plugin,
    hook,
    remedy: 'The host owns a number once the hook returns it; it closes an object by calling its close().',
  });
}

async function openHost(
  settings: RunSettings,
  sections: MemorySections,
  { watch, logs }: Notes,
  signal: AbortSignal,
): Promise<PluginHost> {
  const { plugins, loaders = [], cwd, options, faults = [], onLog } = settings;
  const { wrapHost = (it) => it, wrapSections = (it) => it } = settings;
  const host = await createPluginHost({
    plugins: plugins.map((it) => (typeof it === 'string' ? it : observe(it, watch))),
    loaders: [observingLoader(loaders, watch)],
    cwd,
    options,
    images: wrapSections(sections),
    imageVersions: sections.versions,
    deadline: settings.deadline ?? (waitsForDeadline(faults) ? 1000 : undefined),
    signal,
    onLog(entry) {
      logs.push(entry);
      onLog?.(entry);
    },
  });
  return wrapHost(host);
}

function createRun(host: PluginHost, notes: Notes, signal: AbortSignal, order: EngineOrder): Run {
  const ask: Run['ask'] = async (hook, args, how = {}) => {
    checkAborted(signal);
    const begun = performance.now();
    const report = (outcome: object): void => {
      const asked = notes.takeAsked();
      const { context: place } = hookTable[hook];
      const ms = performance.now() - begun;
      const { resource, provider } = how;
      notes.calls.push({ hook, place, args, resource, provider, asked, ms, ...outcome } as unknown as CallReport);
    };
    try {
      const answer = await host.call(hook, args, how);
      report({ answer });
      note(notes, hook, answer, how.resource);
      notes.checkFatal();
      return answer;
    } catch (error) {
      if (notes.calls.at(-1)?.args !== args) report({ error: notes.fatal() ?? error });
      throw error;
    }
  };
  return {
    ask,
    async tell(hook, pids) {
      // CRIU knows of no batch.
      const batch = order === 'embedded' ? { batch: { pids, isAll: true } } : {};
      for (const pid of pids) await ask(hook, { pid }, { resource: `process ${pid}`, ...batch });
    },
    settle: () => host.settle(),
    unclaimed: notes.unclaimed,
    claims: notes.claims,
    serves: (hook) => host.serves(hook),
    async lend(hook, lent, argsOf, how = {}) {
      const before = identity(lent.fd);
      const isOurs = (): boolean => identity(lent.fd) === before;
      try {
        return await ask(hook, argsOf(lent.fd), how);
      } finally {
        // If the plugin closed it, the number may be somebody else's by now.
        if (isOurs()) await lent.close();
      }
    },
  };
}

/** Notes what was claimed and what not, and keeps descriptors for the end of the run. */
function note<N extends HookName>(notes: Notes, hook: N, answer: HookAnswer<N>, resource: string | undefined): void {
  if (hookTable[hook].kind === 'observer') return;
  const handler = hook as unknown as HandlerName;
  if (!answer.claimed) {
    notes.unclaimed.push({ hook: handler, resource });
    return;
  }
  const { plugin, version } = answer;
  notes.claims.push({ hook: handler, plugin, version, resource });
  const descriptor = descriptorIn(answer.result);
  if (descriptor !== undefined) notes.keep({ plugin, hook, descriptor, identity: identity(descriptor.fd) });
}

/** The descriptor of an answer; the host has made an object of it. */
export function descriptorIn(result: unknown): OwnedDescriptor | undefined {
  const { fd } = Object(result) as { fd?: number | OwnedDescriptor };
  if (typeof fd === 'number') return result as OwnedDescriptor;
  return (result as VmaSource | undefined)?.fd as OwnedDescriptor | undefined;
}

function identity(fd: number): string | null {
  try {
    const { dev, ino, rdev } = fstatSync(fd, { bigint: true });
    return `${dev} ${ino} ${rdev}`;
  } catch {
    return null;
  }
}

function checkAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new KitError('ABORTED', 'the run was aborted', {
    cause: signal.reason,
    remedy: 'None: the test asked for it.',
  });
}

function fatalError({ fault, hook }: Fault): KitError {
  const where = hook ?? 'a hook';
  const remedy = 'None: the test asked for it.';
  return fault === 'host-gone'
    ? new KitError('HOST_GONE', `a fault of the test: the host was gone after ${where}`, { hook, remedy })
    : new KitError('ENGINE_FAILED', `a fault of the test: the engine failed after ${where}`, { hook, remedy });
}

/** For exits, when the test itself threw. */
function mistake(cause: unknown): KitError {
  return new KitError('ENGINE_FAILED', `the test ended the run: ${String(cause)}`, { cause });
}
