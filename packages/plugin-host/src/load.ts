import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Plugin } from '@criujs/plugin-sdk';
import { admit, admitObject, checkNeighbours } from './admit.ts';
import { HostError, joinErrors } from './errors.ts';
import { loadModule } from './load-module.ts';
import type { LoadedPlugin } from './loaded.ts';
import { find, type Located, locate } from './locate.ts';
import { refuseWritable } from './refuse-writable.ts';
import type { Run } from './run.ts';
import { runHook } from './run-hook.ts';
import { noSource, sourceOf } from './source.ts';
import { refuseUntrusted } from './trust.ts';

/** A way of turning what the user wrote into a plugin. */
export interface PluginLoader {
  /** For messages. */
  readonly name: string;
  /** Whether it loads what `locatePlugin` finds, and nothing else: then images name the package that a plugin came from. */
  readonly locates?: boolean;
  /**
   * Gives the plugin, or a module that exports it as `default` or `plugin`; undefined when this is none of its kind, and
   * the next loader is asked. What it throws fails the loading.
   */
  load(wanted: string, from: { readonly cwd: string }): Promise<unknown>;
}

/** Milliseconds; the first translation of a TypeScript module takes some. */
const loadDeadline = 30_000;

/** Npm packages and files: what is left when no other loader took it. It never passes. */
export const filesAndPackages: PluginLoader = {
  name: 'files and npm packages',
  locates: true,
  load: async (wanted, { cwd }) => loadModule(locate(wanted, cwd)),
};

/**
 * Loads all plugins in the order given.
 * @throws HostError all that is wrong with any of them, as one
 */
export async function loadAll(
  wanted: readonly (string | Plugin)[],
  loaders: readonly PluginLoader[],
  cwd: string,
  run: Run,
): Promise<readonly LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = [];
  const errors: HostError[] = [];
  for (const it of wanted) {
    try {
      const plugin = await loadOne(it, [...loaders, filesAndPackages], cwd, run);
      checkNeighbours(plugin, loaded);
      loaded.push(plugin);
    } catch (error) {
      errors.push(known(error));
    }
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw joinErrors('plugins cannot be loaded', [first, ...others]);
  return loaded;
}

/** The search itself is ours: its errors say more than that a plugin failed. */
function known(error: unknown): HostError {
  const { cause } = error as HostError;
  return cause instanceof HostError ? cause : (error as HostError);
}

/** Whichever loader loads it: what it runs is there, unless its loader has names of its own. */
function locationOf(wanted: string, cwd: string): Located | undefined {
  try {
    const { file, place } = find(wanted, cwd);
    return { file: realpathSync(file), place };
  } catch {
    // Loading says best why, if that is an error.
    return undefined;
  }
}

/** @throws HostError PLUGIN_UNTRUSTED */
function checkTrust({ file, place }: Located, plugin: string, cwd: string): void {
  if (place === null) refuseWritable(file, plugin);
  else refuseUntrusted({ file, plugin, place, named: true, cwd });
}

async function loadOne(
  wanted: string | Plugin,
  loaders: readonly PluginLoader[],
  cwd: string,
  run: Run,
): Promise<LoadedPlugin> {
  if (typeof wanted !== 'string') return admitObject(wanted);
  const located = locationOf(wanted, cwd);
  if (located !== undefined) checkTrust(located, wanted, cwd);
  const home = located === undefined ? undefined : dirname(located.file);
  for (const loader of loaders) {
    // A module is code of the plugin's: it may hang, throw and exit as any hook.
    const found = await runHook({
      run,
      plugin: wanted,
      hook: 'load',
      home,
      failure: 'PLUGIN_INVALID',
      deadline: loadDeadline,
      abortable: true,
      call: () => loader.load(wanted, { cwd }),
      read: (answer) => answer,
    });
    if (found !== undefined)
      return admit(found, wanted, loader.locates === true ? sourceOf(wanted, cwd) : noSource, home);
  }
  // The last loader answers always, or throws.
  throw new Error(`no loader accepted ${wanted}`);
}
