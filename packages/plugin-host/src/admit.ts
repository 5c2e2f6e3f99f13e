import { type BatchName, type HookName, isBatchable, isHookName, isPlugin, type Plugin } from '@criujs/plugin-sdk';
import { describe } from './describe.ts';
import { HostError } from './errors.ts';
import type { LoadedPlugin } from './loaded.ts';
import { noSource, type PluginSource } from './source.ts';

/** The versions of the plugin contract that this host serves. */
export const servedVersions: readonly number[] = [1];

/**
 * Finds the plugin in what a loader or the user gave: the plugin itself, or a module that exports it as `default` or `plugin`.
 * @throws HostError PLUGIN_INVALID, PLUGIN_API_VERSION
 */
export function admit(found: unknown, origin: string, source: PluginSource, home?: string): LoadedPlugin {
  const plugin = pick(found);
  if (plugin === undefined) throw noPlugin(found, origin);
  return { ...admitPlugin(plugin, origin, source), home };
}

/**
 * The same for what the program itself gave.
 * @throws HostError PLUGIN_INVALID, PLUGIN_API_VERSION
 */
export function admitObject(given: unknown): LoadedPlugin {
  if (!isPlugin(given)) throw malformed(`${describe(given)} is not a plugin: definePlugin did not make it`, undefined);
  return admitPlugin(given, 'an object of the program', noSource);
}

function admitPlugin(plugin: Plugin, origin: string, source: PluginSource): LoadedPlugin {
  const { name, version, apiVersion, imageVersion = 1, inventoryName, required } = plugin;
  checkVersion(plugin, origin);
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    throw malformed(`the plugin of ${origin} has no usable name: ${describe(name)}`, undefined);
  }
  if (!Number.isSafeInteger(imageVersion) || imageVersion < 1) {
    throw malformed(
      `plugin ${name} has an imageVersion that is not a positive integer: ${describe(imageVersion)}`,
      name,
    );
  }
  if (required !== undefined && typeof required !== 'boolean') {
    throw malformed(`plugin ${name} has a required that is neither true nor false: ${describe(required)}`, name);
  }
  return {
    name,
    version,
    apiVersion,
    imageVersion,
    inventoryName,
    required,
    source,
    origin,
    home: undefined,
    ...hooksOf(plugin),
    init: plugin.init,
    exit: plugin.exit,
    schema: plugin.options,
  };
}

/**
 * Checks that a plugin fits among those before it.
 * @throws HostError PLUGIN_DUPLICATE
 */
export function checkNeighbours(plugin: LoadedPlugin, others: readonly LoadedPlugin[]): void {
  const { name, origin } = plugin;
  const same = others.find((it) => it.name === name);
  if (same !== undefined) {
    throw new HostError('PLUGIN_DUPLICATE', `two plugins are named ${name}: ${same.origin} and ${origin}`, {
      plugin: name,
      remedy: 'Load only one of them, and each only once.',
    });
  }
  const near = others.find((it) => name.startsWith(it.name) || it.name.startsWith(name));
  if (near === undefined) return;
  const [short, long] = name.length < near.name.length ? [name, near.name] : [near.name, name];
  throw new HostError(
    'PLUGIN_DUPLICATE',
    `plugins ${short} and ${long} cannot be loaded together: the name ${long} begins with ${short}, and CRIU could not tell them apart`,
    {
      plugin: name,
      remedy: 'Load only one of them, or ask the author of one for another name.',
    },
  );
}

function pick(found: unknown): Plugin | undefined {
  const { default: main, plugin } = Object(found) as Record<string, unknown>;
  // A CommonJS module that was compiled from ESM has its default export one floor down.
  const inner = (Object(main) as Record<string, unknown>)['default'];
  return [found, main, plugin, inner].find(isPlugin);
}

function noPlugin(found: unknown, origin: string): HostError {
  const remedy = "Export it: export default definePlugin({ … }), with definePlugin of '@criujs/plugin-sdk'.";
  const exported = Object.keys(Object(found) as object);
  const what = exported.length === 0 ? 'it exports nothing' : `it exports ${exported.join(', ')}`;
  return malformed(
    `${origin} is not a plugin: neither its default export nor an export named plugin was made by definePlugin; ${what}`,
    undefined,
    remedy,
  );
}

function checkVersion({ name, apiVersion }: Plugin, origin: string): void {
  if (servedVersions.includes(apiVersion)) return;
  const newer = typeof apiVersion === 'number' && apiVersion > Math.max(...servedVersions);
  throw new HostError(
    'PLUGIN_API_VERSION',
    `plugin ${name} (${origin}) was written against version ${describe(apiVersion)} of the plugin contract; this host serves ${servedVersions.join(', ')}`,
    {
      plugin: name,
      remedy: newer ? 'Update criujs, or install an older release of the plugin.' : 'Update the plugin.',
    },
  );
}

/** definePlugin has checked all this, unless another version of the SDK made the plugin. */
function hooksOf({ name, hooks }: Plugin): Pick<LoadedPlugin, 'handlers' | 'batches' | 'claims'> {
  const handlers = new Map<HookName, Call>();
  const batches = new Map<BatchName, Call>();
  const claims = new Map<HookName, Call>();
  if (!Array.isArray(hooks)) throw malformed(`plugin ${name} has no list of hooks`, name);
  for (const registration of hooks) {
    const { hook, handler, batch, claim } = Object(registration) as Plugin['hooks'][number];
    if (!isHookName(hook)) throw unknownHook(name, hook);
    if (handlers.has(hook))
      throw malformed(
        `plugin ${name} registers ${hook} twice`,
        name,
        'Merge the two handlers into one that checks its argument.',
      );
    if (batch !== undefined) {
      batches.set(batchable(name, hook, batch), batch);
      handlers.set(hook, ofOne(batch));
      continue;
    }
    if (typeof handler !== 'function') throw malformed(`plugin ${name} registers ${hook} without a function`, name);
    handlers.set(hook, handler);
    if (claim === undefined) continue;
    if (typeof claim !== 'function')
      throw malformed(`plugin ${name} has a claim for ${hook} that is not a function`, name);
    claims.set(hook, claim);
  }
  return { handlers, batches, claims };
}

type Call = (args: never, context: never) => unknown;

function batchable(plugin: string, hook: HookName, batch: unknown): BatchName {
  if (!isBatchable(hook))
    throw malformed(`plugin ${plugin} registers a batch of ${hook}, which has no batch form`, plugin);
  if (typeof batch !== 'function') throw malformed(`plugin ${plugin} registers ${hook} without a function`, plugin);
  return hook;
}

/** Where an engine calls for one process at a time, a batch has one. */
function ofOne(batch: Call): Call {
  return ({ pid }: { readonly pid: number }, context) => batch({ pids: [pid], isAll: false } as never, context);
}

function unknownHook(plugin: string, hook: unknown): HostError {
  return new HostError(
    'PLUGIN_API_VERSION',
    `plugin ${plugin} registers ${describe(hook)}, a hook that this host does not know`,
    {
      plugin,
      remedy: 'Update criujs, or install an older release of the plugin.',
    },
  );
}

function malformed(
  message: string,
  plugin: string | undefined,
  remedy = "Make it with definePlugin of '@criujs/plugin-sdk'.",
): HostError {
  return new HostError('PLUGIN_INVALID', message, { plugin, remedy });
}
