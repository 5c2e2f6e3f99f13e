import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { filesAndPackages, type PluginLoader } from '@criujs/plugin-host';
import {
  type HookName,
  hookTable,
  isPlugin,
  notSupported,
  type Outcome,
  type Plugin,
  PluginError,
  type Stage,
} from '@criujs/plugin-sdk';
import type { Fault, FaultPlan } from './faults.ts';

/** What a plugin said when it was asked. */
export interface Asked {
  readonly plugin: string;
  /** `told`: an observer returned. `refused`: a fault declined in its place. */
  readonly answer: 'claimed' | 'declined' | 'told' | 'failed' | 'refused';
}

/** What a run notes down while plugins work, and what it makes go wrong. */
export interface Watch {
  readonly faults: FaultPlan;
  /** Each plugin that is asked in the current call. */
  asked(it: Asked): void;
  /** A plugin's init was called. */
  began(plugin: string): void;
  /** A plugin's exit was called, and what it threw. */
  exited(plugin: string, outcome: Outcome, error?: unknown): void;
  /** The fault that ends the run from outside of any plugin. */
  strike(fault: Fault): void;
  /** Whether the process that hosts the plugins should be dead. */
  gone(): boolean;
  /** Whether each exit is called twice. */
  readonly exitTwice: boolean;
}

type Handler = NonNullable<Plugin['hooks'][number]['handler']>;
type Init = NonNullable<Plugin['init']>;

/** The same plugin, watched. Its mark, version and schema stay what they are. */
export function observe(plugin: Plugin, watch: Watch): Plugin {
  if (!isPlugin(plugin) || !Array.isArray(plugin.hooks)) return plugin;
  return Object.freeze({
    ...plugin,
    init: observeInit(plugin, watch),
    exit: observeExit(plugin, watch),
    hooks: Object.freeze(
      plugin.hooks.map((it) => ({
        ...it,
        ...(it.handler && { handler: observeHook(plugin.name, it.hook as HookName, it.handler, watch) }),
        ...(it.batch && { batch: observeHook(plugin.name, it.hook as HookName, it.batch, watch) }),
      })),
    ),
  });
}

/** Loads as the host does, and watches what it loads. */
export function observingLoader(loaders: readonly PluginLoader[], watch: Watch): PluginLoader {
  return {
    name: 'test kit',
    async load(wanted, from) {
      for (const loader of [...loaders, filesAndPackages]) {
        const found = await loader.load(wanted, from);
        if (found !== undefined) return observeModule(found, watch);
      }
      return undefined;
    },
  };
}

function observeModule(found: unknown, watch: Watch): unknown {
  const plugin = pluginIn(found);
  return plugin === undefined ? found : observe(plugin, watch);
}

/** A module exports its plugin as `default` or `plugin`; the host refuses what is not a plugin. */
function pluginIn(found: unknown): Plugin | undefined {
  const { default: main, plugin } = Object(found) as Record<string, unknown>;
  const inner = (Object(main) as Record<string, unknown>)['default'];
  return [found, main, plugin, inner].find(isPlugin);
}

function observeInit({ name, init }: Plugin, watch: Watch): Init {
  return async (stage: Stage, context) => {
    watch.began(name);
    await withFault(watch, name, 'init', context, async () => init?.(stage, context));
  };
}

function observeExit({ name, exit }: Plugin, watch: Watch): NonNullable<Plugin['exit']> {
  return async (stage, outcome, context) => {
    if (watch.gone()) return;
    try {
      await withFault(watch, name, 'exit', context, async () => {
        await exit?.(stage, outcome, context);
        if (watch.exitTwice) await exit?.(stage, outcome, context);
      });
    } catch (error) {
      watch.exited(name, outcome, error);
      throw error;
    }
    watch.exited(name, outcome);
  };
}

function observeHook(plugin: string, hook: HookName, handler: Handler, watch: Watch): Handler {
  const told = hookTable[hook]?.kind === 'observer';
  return async (args: never, context: never) => {
    try {
      const { refused, answer } = await withFault(watch, plugin, hook, context, async () => handler(args, context));
      if (refused) watch.asked({ plugin, answer: 'refused' });
      else watch.asked({ plugin, answer: told ? 'told' : answer === notSupported ? 'declined' : 'claimed' });
      return answer;
    } catch (error) {
      watch.asked({ plugin, answer: 'failed' });
      throw error;
    }
  };
}

interface Faulted {
  readonly refused: boolean;
  readonly answer: unknown;
}

/** Calls a plugin's code, or what a fault puts in its place. */
async function withFault(
  watch: Watch,
  plugin: string,
  hook: HookName | 'init' | 'exit',
  context: { readonly signal: AbortSignal },
  call: () => Promise<unknown>,
): Promise<Faulted> {
  const fault = watch.faults.next(plugin, hook);
  if (fault === undefined) return { refused: false, answer: await call() };
  if (fault.fault === 'refused') return { refused: true, answer: notSupported };
  if (fault.fault === 'errno') {
    const { errno } = fault;
    throw new PluginError(`a fault of the test: ${errno}`, { errno, remedy: 'None: the test asked for it.' });
  }
  const answering = call();
  // Heard of by the host, through `await` below; until then nobody listens.
  answering.catch(() => undefined);
  watch.strike(fault);
  if (fault.fault === 'slow') await (fault.ms === undefined ? aborted(context.signal) : sleep(fault.ms));
  return { refused: false, answer: await answering };
}

/** The host aborts it at the deadline. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}

/** The plugin that the host would load; undefined: there is none in what was found. */
export async function loadOne(
  wanted: string,
  loaders: readonly PluginLoader[],
  cwd: string,
): Promise<Plugin | undefined> {
  for (const loader of [...loaders, filesAndPackages]) {
    const found = await loader.load(wanted, { cwd: resolve(cwd) });
    if (found !== undefined) return pluginIn(found);
  }
  return undefined;
}
