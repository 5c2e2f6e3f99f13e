import { resolve } from 'node:path';
import {
  type ClaimArgs,
  type ClaimableName,
  type CriuError,
  type HookArgs,
  type HookName,
  hookTable,
  type Outcome,
  type Plugin,
  type Stage,
} from '@criujs/plugin-sdk';
import { askClaims, type PluginClaim } from './claims.ts';
import { createContext, type LogEntry } from './context.ts';
import { directorySections } from './directory-sections.ts';
import { askFirst, type HostAnswer, tellAll } from './dispatch.ts';
import { HostError } from './errors.ts';
import { checkImageVersions, type ImageVersions, imageVersionAt } from './image-versions.ts';
import { type ContextFor, exitAll, initAll } from './lifecycle.ts';
import { loadAll, type PluginLoader } from './load.ts';
import type { LoadedPlugin } from './loaded.ts';
import { type CallOptions, inOrder } from './provider.ts';
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
  /**
   * Where plugins' parts of the image live: an image directory, as {@link directorySections} keeps it, or a store. Without it
   * `context.image` throws.
   */
  readonly images?: string | SectionStore | undefined;
  /**
   * For a restore: the version of what each plugin wrote into the images (`imageVersion` of its {@link PluginInfo} at the
   * dump), by plugin name. A plugin that is not in it wrote version 1. Default: none is.
   */
  readonly imageVersions?: ImageVersions | undefined;
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
  /** Of what it writes into its part of the images: an engine records it at the dump. */
  readonly imageVersion: number;
  /** By which the images list it, where that is not its own name; null: they do not. */
  readonly inventoryName?: string | null;
  readonly hooks: readonly HookName[];
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
   * @throws HostError PLUGIN_IMAGE_VERSION, before any init: the images are too new for a plugin; PLUGIN_INIT_FAILED …
   */
  start(stage: Stage): Promise<void>;
  /** Asks the plugins. A descriptor in `args` stays the caller's: it closes it afterwards. */
  call<N extends HookName>(hook: N, args: HookArgs<N>, how?: CallOptions): Promise<HostAnswer<N>>;
  /**
   * Ends a run: calls `exit` in reverse for each plugin whose `init` was called. Never throws; gives what failed. A second
   * call, or one after a failed `start`, gives the same errors again.
   */
  finish(outcome: Outcome): Promise<readonly CriuError[]>;
}

/** A host that can also be asked, in no run at all, what its plugins would do. */
export interface PlanningHost extends PluginHost {
  /**
   * Asks each plugin that has this hook, in order, whether it would take a resource. No run has to be started, and no `init`
   * is called. Never rejects: a claim that fails is an answer, too.
   */
  claims<N extends ClaimableName>(
    hook: N,
    args: ClaimArgs<N>,
    how?: Pick<CallOptions, 'resource'>,
  ): Promise<readonly PluginClaim[]>;
}

const defaultDeadline = 10_000;
/** Node fires timers that are longer than this at once. */
const longestTimer = 2 ** 31 - 1;

/**
 * Loads plugins, checks them and their options, and gives the host that calls them.
 * @throws HostError PLUGIN_NOT_FOUND, PLUGIN_INVALID, PLUGIN_API_VERSION, PLUGIN_DUPLICATE, PLUGIN_OPTIONS, and HOOK_TIMEOUT or
 *   PLUGIN_EXITED with the hook `load` or `options`
 */
export async function createPluginHost(options: PluginHostOptions): Promise<PlanningHost> {
  const { deadline = defaultDeadline, signal, onLog, imageVersions = {} } = options;
  if (!(deadline > 0)) throw new RangeError(`a deadline of ${deadline} ms: it must be more than 0`);
  const sections = storeOf(options);
  const run = createRun(Math.min(deadline, longestTimer), signal);
  const { plugins, values } = await load(options, run);
  let current: Started | undefined;
  let finished: Promise<readonly CriuError[]> = Promise.resolve([]);
  /** Claims that are waited for. */
  let asked = 0;

  const contextAt: ContextAt = (stage, hook, resource) => (plugin, signal) => {
    const own = { plugin: plugin.name, options: values.get(plugin.name) };
    const imageVersion = imageVersionAt(stage, plugin, imageVersions);
    return createContext({ ...own, imageVersion, stage, hook, resource, signal, sections, onLog });
  };

  const end = async ({ stage, begun, unwatch }: Started, outcome: Outcome): Promise<readonly CriuError[]> => {
    current = undefined;
    const unanswered = wrongOrder('the run was finished before this call was answered', 'Await every call.');
    for (const fail of [...run.waiting]) fail(unanswered);
    const errors = await exitAll(begun, stage, outcome, run, contextAt(stage, 'exit'));
    // What the last call left behind surfaces in the loop's next turn.
    await new Promise((resolve) => setImmediate(resolve));
    run.active = asked > 0;
    unwatch();
    return [...errors, ...run.strays.splice(0)];
  };

  const watched = async <T>(body: () => Promise<T>): Promise<T> => {
    const unwatch = watchProcess();
    asked += 1;
    run.active = true;
    try {
      return await body();
    } finally {
      // What they left behind surfaces in the loop's next turn.
      await new Promise((resolve) => setImmediate(resolve));
      asked -= 1;
      run.active = current !== undefined || asked > 0;
      unwatch();
    }
  };

  return {
    plugins: plugins.map(infoOf),
    serves: (hook) => plugins.some((it) => it.handlers.has(hook)),

    async start(stage) {
      await finished;
      if (current !== undefined) throw wrongOrder('start was called twice', 'Call finish first.');
      checkImageVersions(stage, plugins, imageVersions);
      run.active = true;
      const started: Started = { stage, begun: [], unwatch: watchProcess() };
      current = started;
      try {
        await initAll(plugins, stage, run, contextAt(stage, 'init'), started.begun);
      } catch (error) {
        // Unless somebody finished the run already, and so ended init.
        if (current === started) finished = end(started, { ok: false, error: error as HostError });
        await finished;
        throw error;
      }
    },

    async call(hook, args, how = {}) {
      if (current === undefined) throw wrongOrder(`${hook} was called outside of a run`, 'Call start first.');
      const stray = run.strays.shift();
      if (stray !== undefined) throw stray;
      const { stage } = current;
      const resource = how.resource ?? resourceOf(hook, args);
      const asked = inOrder(plugins, { ...how, stage, hook, resource });
      const dispatch = hookTable[hook].kind === 'handler' ? askFirst : tellAll;
      return dispatch({ run, hook, args, resource, plugins: asked, context: contextAt(stage, hook, resource) });
    },

    async claims(hook, args, { resource } = {}) {
      const serving = plugins.filter((it) => it.handlers.has(hook));
      const answers = await watched(() =>
        askClaims({ run, hook, args, resource, plugins: serving, context: contextAt('dump', hook, resource) }),
      );
      // In a run they fail the next call, as ever.
      const strays = current === undefined ? run.strays.splice(0) : [];
      return answers.map((answer) => {
        const error = strays.find((it) => it.plugin === answer.plugin);
        return error === undefined ? answer : { plugin: answer.plugin, says: 'failed', error };
      });
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
  /** Those whose init was called. */
  readonly begun: LoadedPlugin[];
  readonly unwatch: () => void;
}

type ContextAt = (stage: Stage, hook: string, resource?: string) => ContextFor;

interface Loaded {
  readonly plugins: readonly LoadedPlugin[];
  /** Options by plugin name. */
  readonly values: ReadonlyMap<string, unknown>;
}

async function load(wanted: PluginHostOptions, run: Run): Promise<Loaded> {
  const { plugins: names, loaders = [], options = {}, cwd = '.' } = wanted;
  const unwatch = watchProcess();
  run.active = true;
  try {
    const plugins = await loadAll(names, loaders, resolve(cwd), run);
    const values = await validateOptions(plugins, options, run);
    const stray = run.strays.shift();
    if (stray !== undefined) throw stray;
    return { plugins, values };
  } finally {
    run.active = false;
    unwatch();
  }
}

function storeOf({ images, cwd = '.' }: PluginHostOptions): SectionStore | undefined {
  return typeof images === 'string' ? directorySections(resolve(cwd, images)) : images;
}

function infoOf({ name, version, apiVersion, imageVersion, inventoryName, handlers }: LoadedPlugin): PluginInfo {
  const named = inventoryName === undefined ? {} : { inventoryName };
  return { name, version, apiVersion, imageVersion, ...named, hooks: [...handlers.keys()] };
}

function wrongOrder(message: string, remedy: string): HostError {
  return new HostError('HOST_STATE', message, { remedy });
}
