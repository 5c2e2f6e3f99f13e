import { realpathSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { mayHaveForeignEnvironment } from './foreign-environment.ts';

/**
 * Where a name of a plugin is looked up, in this order:
 *
 * - `project`: `node_modules` of the current directory and of each one above it, as an import finds a package.
 * - `criujs`: the `node_modules` folder that criujs itself was installed into: that of a global installation, for example.
 * - `system`: the folders for all users of the machine, or the one that `CRIUJS_PLUGINS_DIR` names.
 */
export type PlaceKind = 'project' | 'criujs' | 'system';

/** A folder of packages. */
export interface PluginPlace {
  readonly kind: PlaceKind;
  /** The path of a folder named `node_modules`. It need not exist. */
  readonly folder: string;
}

/** Where plugins for all users of the machine are, unless `CRIUJS_PLUGINS_DIR` names another folder: `node_modules` in these. */
const systemFolders = ['/usr/local/lib/criujs', '/usr/lib/criujs'] as const;

/** What decides about places beside the current directory. */
export interface Surroundings {
  /** The folder in which this code of criujs lies, links followed. */
  readonly self: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Finder = (cwd: string, surroundings: Surroundings) => readonly string[];

/** The list, as data: what is looked through, in order. Its keys are in the order in which it is looked through. */
const finders: Readonly<Record<PlaceKind, Finder>> = {
  project: (cwd) => upwards(cwd).map((it) => join(it, 'node_modules')),
  // npm has criujs's own packages in it or one floor down, pnpm below `.pnpm`: each folder of packages around this file.
  criujs: (_, { self }) => upwards(self).filter((it) => it.endsWith(`${sep}node_modules`)),
  system: (_, { env }) => systemPrefixes(env).map((it) => join(it, 'node_modules')),
};

/** In words, for people. */
export const placeWords: Readonly<Record<PlaceKind, string>> = {
  project: 'the project',
  criujs: 'beside criujs',
  system: 'the system',
};

/**
 * All folders in which packages of plugins are looked for, in order. A folder that is found in two ways is in the list once.
 * @param cwd an absolute path
 */
export function pluginPlaces(cwd: string, surroundings: Surroundings = ownSurroundings()): readonly PluginPlace[] {
  const places = new Map<string, PluginPlace>();
  for (const [kind, find] of Object.entries(finders) as [PlaceKind, Finder][]) {
    for (const folder of find(cwd, surroundings)) {
      const real = realFolder(folder);
      if (!places.has(real)) places.set(real, { kind, folder });
    }
  }
  return [...places.values()];
}

/** Folders that have a `node_modules` with plugins for all users: `npm install --prefix FOLDER NAME` puts one there. */
export function systemPrefixes(env: Surroundings['env'] = ownSurroundings().env): readonly string[] {
  const { CRIUJS_PLUGINS_DIR: named } = env;
  return named === undefined || named === '' ? systemFolders : [resolve(named)];
}

/** Who runs with rights that the caller lacks does not let the caller say where code is. */
function ownSurroundings(): Surroundings {
  return { self: import.meta.dirname, env: mayHaveForeignEnvironment() ? {} : process.env };
}

/** From here to the root, the nearest first. */
function upwards(folder: string): string[] {
  const folders: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    folders.push(at);
    if (dirname(at) === at) return folders;
  }
}

/** Links followed; as it is, if there is none. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
