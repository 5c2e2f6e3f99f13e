import { resolve } from 'node:path';
import { type CriuError, hookTable, type Outcome, type Stage } from '@criujs/plugin-sdk';
import { askClaims } from './claims.ts';
import { createContext } from './context.ts';
import type { PlanningHost, PluginHostOptions, PluginInfo } from './contract.ts';
import { directorySections } from './directory-sections.ts';
import { askFirst, tellAll } from './dispatch.ts';
import { HostError } from './errors.ts';
import { checkImageVersions, imageVersionAt } from './image-versions.ts';
import { endWork, settleRun } from './later.ts';
import { type ContextFor, exitAll, initAll } from './lifecycle.ts';
import { loadAll } from './load.ts';
import type { LoadedPlugin } from './loaded.ts';
import { recordPlugins } from './needed.ts';
import { inOrder } from './provider.ts';
import { resourceOf } from './resource.ts';
import { createRun, type Run } from './run.ts';
import { dropTrails, sealRun, writesEnd } from './seal.ts';
import { type SectionStore, watchWrites } from './section.ts';
import { validateOptions } from './validate-options.ts';
import { watchProcess } from './watch.ts';

const defaultDeadline = 10_000;
/** Node fires timers that are longer than this at once. */
const longestTimer = 2 ** 31 - 1;

/**
 * Loads plugins, checks them and their options, and gives the host that calls them.
 * @throws HostError PLUGIN_NOT_FOUND, PLUGIN_INVALID, PLUGIN_API_VERSION, PLUGIN_DUPLICATE, PLUGIN_OPTIONS, and HOOK_TIMEOUT or
 *   PLUGIN_EXITED with the hook `load` or `options`
 */
export async function createPluginHost(options: PluginHostOptions): Promise<PlanningHost> {
  const { deadline = defaultDeadline, signal, onLog, onCall, imageVersions = {}, isEngines, afterRun } = options;
  if (!(deadline > 0)) throw new RangeError(`a deadline of ${deadline} ms: it must be more than 0`);
  const wrote = new Set<string>();
  const requiring = new Set<string>();
  const sections = watchWrites(storeOf(options), wrote);
  const warn = ({ plugin = '', hook = '', resource, message }: HostError): void => {
    onLog?.({ plugin, hook, resource, level: 'warn', message });
  };
  const run = createRun({ deadline: Math.min(deadline, longestTimer), signal, warn, onCall, isEngines, afterRun });
  // What plugins start goes on after a run.
  if (afterRun !== undefined) watchProcess();
  const { plugins, values } = await load(options, run);
  let current: Started | undefined;
  let finished: Promise<readonly CriuError[]> = Promise.resolve([]);
  /** Claims that are waited for. */
  let asked = 0;

  const contextAt: ContextAt = (stage, hook, resource) => (plugin, scope) => {
    const own = { plugin: plugin.name, options: values.get(plugin.name) };
    const imageVersion = imageVersionAt(stage, plugin, imageVersions);
    const onRequire = (): void => void requiring.add(plugin.name);
    return createContext({ ...own, imageVersion, stage, hook, resource, scope, sections, onRequire, onLog });
  };

  const end = async ({ stage, begun, unwatch }: Started, outcome: Outcome): Promise<readonly CriuError[]> => {
    current = undefined;
    run.over = true;
    const unanswered = wrongOrder('the run was finished before this call was answered', 'Await every call.');
    for (const fail of [...run.waiting]) fail(unanswered);
    const unended = await endWork(run, outcome);
    const errors = [...unended, ...(await exitAll(begun, stage, outcome, run, contextAt(stage, 'exit')))];
    await writesEnd(run);
    dropTrails(run);
    // What the last call left behind surfaces in the loop's next turn.
    await new Promise((resolve) => setImmediate(resolve));
    run.active = asked > 0;
    unwatch();
    const left = run.strays.splice(0);
    if (afterRun === undefined) return [...errors, ...left];
    for (const error of left) afterRun(error);
    return errors;
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
      run.over = false;
      run.sealed = false;
      run.descriptors.noteLoops();
      wrote.clear();
      requiring.clear();
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
      const { batch, isGone } = how;
      const context = (about = resource): ContextFor => contextAt(stage, hook, about);
      return dispatch({ run, hook, args, resource, plugins: asked, context, batch, isGone });
    },

    async settle() {
      if (current === undefined) throw wrongOrder('settle was called outside of a run', 'Call start first.');
      await settleRun(run);
    },

    record: (took) => recordPlugins(plugins, { took: new Set(took), wrote, asked: requiring }),

    async seal() {
      if (current === undefined) throw wrongOrder('seal was called outside of a run', 'Call start first.');
      await sealRun(run);
    },

    async claims(hook, args, { resource } = {}) {
      const serving = plugins.filter((it) => it.handlers.has(hook));
      const answers = await watched(() =>
        askClaims({ run, hook, args, resource, plugins: serving, context: contextAt('dump', hook, resource) }),
      );
      // In a run they fail the next call, as always.
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
