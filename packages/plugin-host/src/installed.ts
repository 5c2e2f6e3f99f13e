import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HostError } from './errors.ts';
import { locate } from './locate.ts';
import { readPackageJson } from './package-json.ts';
import { refuseWritable } from './refuse-writable.ts';

/** What a package that is a plugin has among the `keywords` of its package.json. */
export const pluginKeyword = 'criu-plugin';

/** A package with the keyword `criu-plugin`. What its plugin is, its manifest and its file tell. */
export interface InstalledPlugin {
  /** The npm package: what one writes to load it. */
  readonly package: string;
  readonly packageVersion: string | null;
  /** The package's folder. */
  readonly folder: string;
  /** The field `criu` of its package.json as it stands there, for `readManifest` of `@criujs/plugin-host/manifest`. */
  readonly criu: unknown;
  /** The file that would be loaded, links followed; null: `error` says why there is none. */
  readonly entry: string | null;
  /** PLUGIN_NOT_FOUND, or PLUGIN_UNTRUSTED: it would not be loaded. */
  readonly error?: HostError;
}

/**
 * Finds the plugins that are installed where `cwd` would import them from. It runs nothing of them and opens nothing but their
 * package.json. Sorted by name of the package; of two with one name the nearer is taken, as an import does.
 */
export function installedPlugins(options: { readonly cwd?: string | undefined } = {}): readonly InstalledPlugin[] {
  const cwd = resolve(options.cwd ?? '.');
  return findPackages(cwd).map((it) => withEntry(it, cwd));
}

type Found = Pick<InstalledPlugin, 'package' | 'packageVersion' | 'folder' | 'criu'>;

function withEntry(found: Found, cwd: string): InstalledPlugin {
  let entry: string | null = null;
  try {
    entry = realpathSync(locate(found.package, cwd));
    refuseWritable(entry, found.package);
    return { ...found, entry };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { ...found, entry, error };
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
  const { keywords, version, criu } = readPackageJson(folder) ?? {};
  if (!Array.isArray(keywords) || !keywords.includes(pluginKeyword)) return null;
  return { package: name, packageVersion: typeof version === 'string' ? version : null, folder, criu };
}
