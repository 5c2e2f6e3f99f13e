import { resolve } from 'node:path';
import {
  type CriuError,
  type HookArgs,
  type HookName,
  hookTable,
  type Outcome,
  type Plugin,
  type Stage,
} from '@criujs/plugin-sdk';
import { createContext, type LogEntry } from './context.ts';
import { askFirst, type Dispatch, type HookAnswer, tellAll } from './dispatch.ts';
import { HostError } from './errors.ts';
import { type ContextFor, exitAll, initAll } from './lifecycle.ts';
import { loadAll, type PluginLoader } from './load.ts';
import type { LoadedPlugin } from './loaded.ts';
import { resourceOf } from './resource.ts';
import { createRun, type Run } from './run-hook.ts';
import type { SectionStore } from './section.ts';
import { validateOptions } from './validate-options.ts';
import { watchProcess } from './watch.ts';

export interface PluginHostOptions {
  /** Names of npm packages, paths to `.js`, `.mjs` or `.ts` files, or plugins: asked in this order. */
  readonly plugins: readonly (string | Plugin)[];
  /** Where names and paths are resolved from. Default: the current directory. */
  readonly cwd?: string | undefined;
  /** Tried before the usual ones. */
  readonly loaders?: readonly PluginLoader[] | undefined;
  /** Options of plugins, by plugin name. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Where plugins' parts of the image live. Without it `context.image` throws. */
  readonly sections?: SectionStore | undefined;
  /** Milliseconds that one call of a plugin may take. Default 10 000. */
  readonly deadline?: number | undefined;
  /** Aborting it ends the call that waits, and all later ones but `exit`, with code ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
}

/** A loaded plugin, as it shows itself. */
export interface PluginInfo {
  readonly name: string;
  readonly version: string | undefined;
  readonly apiVersion: number;
  readonly hooks: readonly HookName[];
}

/** The provider of a resource: which plugin dumped it. */
export interface CallOptions {
  /** Is asked first. At restore its absence is an error. */
  readonly provider?: string | undefined;
  /** For the error when it is missing. */
  readonly providerVersion?: string | null | undefined;
  /** What the call is about, in words, for errors. Default: made from the arguments. */
  readonly resource?: string | undefined;
}

/** Plugins, ready for a run: `start`, any number of `call`, `finish`; then perhaps the next run. */
export interface PluginHost {
  /** In the order in which they are asked. */
  readonly plugins: readonly PluginInfo[];
  /** Whether any plugin has this hook. */
  serves(hook: HookName): boolean;
  /**
   * Begins a run: calls `init` of all in order. If one fails, `exit` of those whose init was called runs at once, that
   * one's too, and nothing is left to finish.
   */
  start(stage: Stage): Promise<void>;
  /** Asks the plugins. A descriptor in `args` stays the caller's: it closes it afterwards. */
  call<N extends HookName>(hook: N, args: HookArgs<N>, how?: CallOptions): Promise<HookAnswer<N>>;
  /**
   * Ends a run: calls `exit` in reverse for each plugin whose `init` was called. Never throws; gives what failed. A second
   * call, or one after a failed `start`, gives the same errors again.
   */
  finish(outcome: Outcome): Promise<readonly CriuError[]>;
}

const defaultDeadline = 10_000;

/**
 * Loads plugins, checks them and their options, and gives the host that calls them.
 * @throws HostError PLUGIN_NOT_FOUND, PLUGIN_INVALID, PLUGIN_API_VERSION, PLUGIN_DUPLICATE, PLUGIN_OPTIONS
 */
export async function createPluginHost(options: PluginHostOptions): Promise<PluginHost> {
  const { deadline = defaultDeadline, signal, sections, onLog } = options;
  const { plugins, values } = await load(options, deadline);
  const infos = plugins.map(({ name, version, apiVersion, handlers }) => ({
    name,
    version,
    apiVersion,
    hooks: [...handlers.keys()],
  }));
  let current: Started | undefined;
  let finished: Promise<readonly CriuError[]> = Promise.resolve([]);

  const contextIn = (stage: Stage, plugin: LoadedPlugin, hook: string, signal: AbortSignal, resource?: string) =>
    createContext({
      plugin: plugin.name,
      hook,
      resource,
      stage,
      options: values.get(plugin.name),
      signal,
      sections,
      onLog,
    });

  const end = async (it: Started, outcome: Outcome): Promise<readonly CriuError[]> => {
    current = undefined;
    for (const fail of [...it.run.waiting])
      fail(wrongOrder('the run was finished before this call was answered', 'Await every call.'));
    const context: ContextFor = (plugin, hook, signal) => contextIn(it.stage, plugin, hook, signal);
    const errors = await exitAll(it.begun, it.stage, outcome, it.run, context);
    // What the last call left behind surfaces in the loop's next turn.
    await new Promise((resolve) => setImmediate(resolve));
    it.run.active = false;
    it.unwatch();
    return [...errors, ...it.run.strays];
  };

  return {
    plugins: infos,
    serves: (hook) => plugins.some((it) => it.handlers.has(hook)),

    async start(stage) {
      await finished;
      if (current !== undefined) throw wrongOrder('start was called twice', 'Call finish first.');
      const it: Started = { stage, run: createRun(deadline, signal), begun: [], unwatch: watchProcess() };
      current = it;
      try {
        await initAll(
          plugins,
          stage,
          it.run,
          (plugin, hook, signal) => contextIn(stage, plugin, hook, signal),
          it.begun,
        );
      } catch (error) {
        finished = end(it, { ok: false, error: error as HostError });
        await finished;
        throw error;
      }
    },

    async call(hook, args, how = {}) {
      if (current === undefined) throw wrongOrder(`${hook} was called outside of a run`, 'Call start first.');
      const { stage, run } = current;
      const stray = run.strays.shift();
      if (stray !== undefined) throw stray;
      const resource = how.resource ?? resourceOf(hook, args);
      const asked = inOrder(plugins, stage, hook, how, resource);
      const context: Dispatch<typeof hook>['context'] = (plugin, signal) =>
        contextIn(stage, plugin, hook, signal, resource);
      const dispatch = hookTable[hook].kind === 'handler' ? askFirst : tellAll;
      return dispatch({ run, hook, args, resource, plugins: asked, context });
    },

    async finish(outcome) {
      if (current !== undefined) finished = end(current, outcome);
      return finished;
    },
  };
}

/** A run between `start` and `finish`. */
interface Started {
  readonly stage: Stage;
  readonly run: Run;
  /** Those whose init was called. */
  readonly begun: LoadedPlugin[];
  readonly unwatch: () => void;
}

interface Loaded {
  readonly plugins: readonly LoadedPlugin[];
  /** Options by plugin name. */
  readonly values: ReadonlyMap<string, unknown>;
}

async function load(
  { plugins: wanted, loaders = [], options = {}, cwd, signal, onLog }: PluginHostOptions,
  deadline: number,
): Promise<Loaded> {
  // A deadline for hooks may be shorter than the first translation of a TypeScript module takes.
  const run = createRun(Math.max(deadline, defaultDeadline), signal);
  const unwatch = watchProcess();
  try {
    const plugins = await loadAll(wanted, loaders, resolve(cwd ?? '.'), run);
    for (const name of Object.keys(options).filter((it) => plugins.every((plugin) => plugin.name !== it))) {
      onLog?.({
        plugin: name,
        hook: 'options',
        level: 'warn',
        message: `there are options for ${name}, but no such plugin is loaded`,
      });
    }
    const values = await validateOptions(plugins, options, run);
    const [stray] = run.strays;
    if (stray !== undefined) throw stray;
    return { plugins, values };
  } finally {
    run.active = false;
    unwatch();
  }
}

/** Those that have the hook, the provider first. Only who dumped a resource can know what to restore. */
function inOrder(
  plugins: readonly LoadedPlugin[],
  stage: Stage,
  hook: HookName,
  how: CallOptions,
  resource: string | undefined,
): readonly LoadedPlugin[] {
  const serving = plugins.filter((it) => it.handlers.has(hook));
  const { provider } = how;
  if (provider === undefined) return serving;
  const needed = stage === 'restore' && hookTable[hook].kind === 'handler';
  if (needed && plugins.every((it) => it.name !== provider)) throw missing(hook, how, resource);
  return serving.sort((a, b) => Number(b.name === provider) - Number(a.name === provider));
}

function missing(
  hook: HookName,
  { provider = '', providerVersion }: CallOptions,
  resource: string | undefined,
): HostError {
  const version = providerVersion ? ` ${providerVersion}` : '';
  return new HostError(
    'PLUGIN_MISSING',
    `${resource ?? hook} was dumped by plugin ${provider}${version}, which is not loaded`,
    {
      plugin: provider,
      hook,
      resource,
      remedy: `Load it: add the package or file of ${provider}${version} to the plugins of this run (criujs: --plugin).`,
    },
  );
}

function wrongOrder(message: string, remedy: string): HostError {
  return new HostError('HOST_STATE', message, { remedy });
}
