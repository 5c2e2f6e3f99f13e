import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { HookName } from '@criujs/plugin-sdk';
import type { HostError } from './errors.ts';
import { loadAll, type PluginLoader } from './load.ts';
import { createRun } from './run.ts';
import { watchProcess } from './watch.ts';

/** What a package that is a plugin has among the `keywords` of its package.json. */
export const pluginKeyword = 'criu-plugin';

/** A package with the keyword `criu-plugin`, and the plugin in it. */
export interface InstalledPlugin {
  /** The npm package: what one writes to load it. */
  readonly package: string;
  readonly packageVersion: string | null;
  /** The package's folder. */
  readonly folder: string;
  /** null: it cannot be loaded; `error` says why. */
  readonly plugin: {
    readonly name: string;
    readonly version: string | null;
    readonly apiVersion: number;
    readonly hooks: readonly HookName[];
    /** Whether it has a schema for its options. */
    readonly hasOptions: boolean;
  } | null;
  readonly error?: HostError;
}

/** Milliseconds that a plugin's module may take to load; a loader has its own, longer one. */
const deadline = 30_000;

/**
 * Finds the plugins that are installed where `cwd` would import them from, and loads each on its own: that runs its module, but
 * no
 * hook. Sorted by name of the package; of two with one name the nearer is taken, as an import does.
 */
export async function installedPlugins(
  options: { readonly cwd?: string | undefined; readonly loaders?: readonly PluginLoader[] | undefined } = {},
): Promise<readonly InstalledPlugin[]> {
  const cwd = resolve(options.cwd ?? '.');
  const run = createRun({ deadline });
  const unwatch = watchProcess();
  run.active = true;
  try {
    const found: InstalledPlugin[] = [];
    for (const it of findPackages(cwd)) found.push(await look(it, cwd, options.loaders ?? [], run));
    return found;
  } finally {
    run.active = false;
    unwatch();
  }
}

type Found = Pick<InstalledPlugin, 'package' | 'packageVersion' | 'folder'>;

async function look(
  found: Found,
  cwd: string,
  loaders: readonly PluginLoader[],
  run: ReturnType<typeof createRun>,
): Promise<InstalledPlugin> {
  try {
    const [plugin] = await loadAll([found.package], loaders, cwd, run);
    if (plugin === undefined) throw new Error(`${found.package} was requested but not loaded`);
    const { name, version = null, apiVersion, handlers, schema } = plugin;
    return {
      ...found,
      plugin: { name, version, apiVersion, hooks: [...handlers.keys()], hasOptions: schema !== undefined },
    };
  } catch (error) {
    return { ...found, plugin: null, error: error as HostError };
  }
}

function findPackages(cwd: string): Found[] {
  const found = new Map<string, Found>();
  for (const modules of moduleFolders(cwd)) {
    for (const name of packageNames(modules)) {
      if (found.has(name)) continue;
      const it = readPackage(name, join(modules, name));
      if (it !== null) found.set(name, it);
    }
  }
  return [...found.values()].sort((a, b) => (a.package < b.package ? -1 : 1));
}

/** From here to the root, the nearest first. */
function moduleFolders(cwd: string): string[] {
  const folders: string[] = [];
  for (let at = cwd; ; at = dirname(at)) {
    folders.push(join(at, 'node_modules'));
    if (dirname(at) === at) return folders;
  }
}

function packageNames(modules: string): string[] {
  return entries(modules).flatMap((name) => {
    if (name.startsWith('.')) return [];
    return name.startsWith('@') ? entries(join(modules, name)).map((it) => `${name}/${it}`) : [name];
  });
}

/** Names in a folder; none if it does not exist or is not a folder. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** null: it is not a plugin, or not even a package. */
function readPackage(name: string, folder: string): Found | null {
  try {
    const file = join(folder, 'package.json');
    if (!statSync(file).isFile()) return null;
    const { keywords, version } = Object(JSON.parse(readFileSync(file, 'utf8'))) as Record<string, unknown>;
    if (!Array.isArray(keywords) || !keywords.includes(pluginKeyword)) return null;
    return { package: name, packageVersion: typeof version === 'string' ? version : null, folder };
  } catch {
    return null;
  }
}
