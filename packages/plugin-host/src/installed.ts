import { readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HostError } from './errors.ts';
import { entryIn } from './locate.ts';
import { readPackageJson } from './package-json.ts';
import { type PlaceKind, type PluginPlace, pluginPlaces } from './places.ts';
import { refuseUntrusted } from './trust.ts';

/** What a package that is a plugin has among the `keywords` of its package.json. */
export const pluginKeyword = 'criu-plugin';

/** A package with the keyword `criu-plugin`. What its plugin is, its manifest and its file tell. */
export interface InstalledPlugin {
  /** The npm package: what one writes to load it. */
  readonly package: string;
  readonly packageVersion: string | null;
  /** The package's folder. */
  readonly folder: string;
  /** Which of the places has it. */
  readonly place: PlaceKind;
  /** The folder of a package with the same name that is nearer: that one is loaded by this name, whether or not it is a plugin. */
  readonly shadowedBy: string | null;
  /** The field `criu` of its package.json as it stands there, for `readManifest` of `@criujs/plugin-host/manifest`. */
  readonly criu: unknown;
  /** The file that would be loaded, links followed; null: `error` says why there is none. */
  readonly entry: string | null;
  /** PLUGIN_NOT_FOUND, or PLUGIN_UNTRUSTED: `plugins: 'installed'` would not load it. */
  readonly error?: HostError;
}

/** Where to look. */
export interface InstalledOptions {
  /** Default: the current directory. */
  readonly cwd?: string | undefined;
  /** Default: what {@link pluginPlaces} lists for `cwd`. */
  readonly places?: readonly PluginPlace[] | undefined;
}

/**
 * Finds the plugins that are installed in any place where a name is looked up. It runs nothing of them and opens nothing but their
 * package.json. Sorted by name of the package, of one name the nearest first; the others have `shadowedBy`.
 */
export function installedPlugins(options: InstalledOptions = {}): readonly InstalledPlugin[] {
  const cwd = resolve(options.cwd ?? '.');
  const { places = pluginPlaces(cwd) } = options;
  return findPackages(places).map((it) => withEntry(it, cwd));
}

interface Found extends Omit<InstalledPlugin, 'entry' | 'error'> {
  /** The folder of packages that it is in. */
  readonly modules: string;
}

function withEntry({ modules, ...found }: Found, cwd: string): InstalledPlugin {
  const { package: name, folder, place } = found;
  const file = entryIn(modules, name);
  if (file === undefined) {
    const remedy = 'Check what `exports` or `main` in its package.json names; build it if it is yours.';
    const message = `no plugin ${name}: ${folder} has no file to load`;
    return { ...found, entry: null, error: new HostError('PLUGIN_NOT_FOUND', message, { plugin: name, remedy }) };
  }
  const entry = realpathSync(file);
  try {
    refuseUntrusted({ file: entry, plugin: name, place, named: false, cwd });
    return { ...found, entry };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { ...found, entry, error };
  }
}

function findPackages(places: readonly PluginPlace[]): Found[] {
  const nearest = new Map<string, string>();
  const found: Found[] = [];
  for (const { kind, folder: modules } of places) {
    for (const name of packageNames(modules)) {
      const folder = join(modules, name);
      const packageJson = readPackageJson(folder);
      if (packageJson === null) continue;
      const shadowedBy = nearest.get(name) ?? null;
      if (shadowedBy === null) nearest.set(name, folder);
      const { keywords, version, criu } = packageJson;
      if (!Array.isArray(keywords) || !keywords.includes(pluginKeyword)) continue;
      const packageVersion = typeof version === 'string' ? version : null;
      found.push({ package: name, packageVersion, folder, place: kind, shadowedBy, criu, modules });
    }
  }
  // Sorting keeps the order of places.
  return found.sort((a, b) => (a.package === b.package ? 0 : a.package < b.package ? -1 : 1));
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
