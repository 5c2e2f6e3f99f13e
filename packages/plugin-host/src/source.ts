import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLoadable, isPackageName, isPackageVersion } from './facts/package-name.ts';
import { locate, namesPath } from './locate.ts';

/** Where a plugin came from, as far as another machine can use it. */
export interface PluginSource {
  /**
   * The npm package, by the name in its package.json; null: the plugin came from a path, from another loader, or as an object.
   */
  readonly package: string | null;
  /** The package's version. */
  readonly packageVersion: string | null;
  /**
   * What one writes to load it: the package, perhaps with a path inside it, or `./` and the name of a file. null: nobody knows.
   */
  readonly load: string | null;
}

/** Of a plugin that the program passed as an object, or that a loader created. */
export const noSource: PluginSource = { package: null, packageVersion: null, load: null };

/** Where {@link locate} finds what the user wrote. Never throws: it is only for a message of later. */
export function sourceOf(wanted: string, cwd: string): PluginSource {
  try {
    if (namesPath(wanted, cwd)) {
      const name = basename(wanted.startsWith('file:') ? fileURLToPath(wanted) : join(cwd, wanted));
      return { ...noSource, load: loadable(`./${name}`) };
    }
    const { name, version } = manifestOf(locate(wanted, cwd));
    if (!isPackageName(name)) return noSource;
    const inside = wanted.split('/').slice(wanted.startsWith('@') ? 2 : 1);
    return {
      package: name,
      packageVersion: isPackageVersion(version) ? version : null,
      load: loadable([name, ...inside].join('/')) ?? name,
    };
  } catch {
    return noSource;
  }
}

/** What can be typed as it is; null: it cannot. */
function loadable(text: string): string | null {
  return isLoadable(text) ? text : null;
}

/** The nearest package.json with a name: others only say how to read the modules beside them. */
function manifestOf(file: string): Record<string, unknown> {
  for (let at = dirname(file); ; at = dirname(at)) {
    const path = join(at, 'package.json');
    const manifest: Record<string, unknown> = existsSync(path) ? Object(JSON.parse(readFileSync(path, 'utf8'))) : {};
    if (typeof manifest['name'] === 'string' || dirname(at) === at) return manifest;
  }
}
