import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import { HostError } from './errors.ts';
import { isPackageName } from './facts/package-name.ts';
import { readPackageJson } from './package-json.ts';
import { type PlaceKind, type PluginPlace, placeWords, pluginPlaces } from './places.ts';

/** Names with one of these may be files even without a leading `./`. */
const codeExtension = /\.([cm]?[jt]s|so)$/;
const indexNames = ['index.ts', 'index.mts', 'index.js', 'index.mjs'];
/** The source of a package that was not built yet. */
const sourceNames = ['src/index.ts', 'src/index.mts'];

/** What a user means by a plugin's name. */
export interface Located {
  readonly file: string;
  /** Where it was found; null: the user gave its path. */
  readonly place: PlaceKind | null;
}

/**
 * The file that a user means by a plugin's name: a path, or an npm package in one of the folders that {@link pluginPlaces} lists, the
 * first that has it. For loaders of files that are not imported.
 * @throws HostError PLUGIN_NOT_FOUND: each place where it looked, and what to do
 */
export function locate(wanted: string, cwd: string): string {
  return find(wanted, cwd).file;
}

/** {@link locate}, and where it was. @throws HostError PLUGIN_NOT_FOUND */
export function find(wanted: string, cwd: string, places: readonly PluginPlace[] = pluginPlaces(cwd)): Located {
  if (isExplicit(wanted)) {
    const file = fileAt(pathOf(wanted, cwd));
    return file === undefined ? nothingAt(wanted, pathOf(wanted, cwd)) : { file, place: null };
  }

  // `chart.js` is a package, `plugin.js` a file: what is there decides.
  const path = codeExtension.test(wanted) ? resolve(cwd, wanted) : undefined;
  const file = path === undefined ? undefined : fileAt(path);
  if (file !== undefined) return { file, place: null };
  return findPackage(wanted, cwd, places) ?? notFound(wanted, path, places);
}

/** The file of the package in a folder of packages; undefined: it has none to load. */
export function entryIn(folder: string, wanted: string): string | undefined {
  const entry = packageEntry(wanted, dirname(folder));
  // A resolver may look in the folders above, too.
  return entry !== undefined && isInside(entry, join(folder, packageIn(wanted))) ? entry : undefined;
}

function isExplicit(wanted: string): boolean {
  return /^(\.{0,2}[/\\]|\.{1,2}$|file:)/.test(wanted) || isAbsolute(wanted);
}

/** Whether {@link locate} takes this for a path: it is one by its form, or a file is there. */
export function namesPath(wanted: string, cwd: string): boolean {
  return isExplicit(wanted) || (codeExtension.test(wanted) && fileAt(resolve(cwd, wanted)) !== undefined);
}

function pathOf(wanted: string, cwd: string): string {
  return wanted.startsWith('file:') ? fileURLToPath(wanted) : resolve(cwd, wanted);
}

/** The file itself, or the main file of a folder. */
function fileAt(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return path;
  const name = readPackageJson(path)?.['name'];
  const inside = (names: readonly string[]): string | undefined =>
    names.map((it) => join(path, it)).find((it) => existsSync(it));
  if (typeof name !== 'string') return packageEntry('./', `${path}/`) ?? inside(indexNames);
  // As others import it: its package.json says what is its main file.
  const own = packageEntry(name, path);
  const isOwn = own?.startsWith(join(path, sep)) && !own.startsWith(join(path, 'node_modules', sep));
  return isOwn ? own : (packageEntry('./', `${path}/`) ?? inside([...indexNames, ...sourceNames]));
}

function packageEntry(name: string, cwd: string): string | undefined {
  // A name with a scheme (`node:fs`) or blanks is not a package, whatever a resolver makes of it.
  if (!/^[./@\w-]+$/.test(name)) return undefined;
  const parentURL = pathToFileURL(join(cwd, 'noop.js'));
  const url = createJiti(cwd, { fsCache: false }).esmResolve(name, {
    parentURL,
    conditions: ['node', 'import'],
    try: true,
  });
  const path = url?.startsWith('file:') ? fileURLToPath(url) : url;
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

/** An import also finds the project itself by its own name. */
function findPackage(wanted: string, cwd: string, places: readonly PluginPlace[]): Located | undefined {
  const imported = packageEntry(wanted, cwd);
  if (imported !== undefined) return { file: imported, place: 'project' };
  const there = placeOf(packageIn(wanted), places);
  const file = there === undefined ? undefined : entryIn(there.folder, wanted);
  return there === undefined || file === undefined ? undefined : { file, place: there.kind };
}

/** The first place that has a package of this name: no other is wanted, even if that one has no file to load. */
function placeOf(name: string, places: readonly PluginPlace[]): PluginPlace | undefined {
  return isPackageName(name) ? places.find(({ folder }) => existsSync(join(folder, name))) : undefined;
}

/** The name of the package in `package/some/file`. */
function packageIn(wanted: string): string {
  return wanted.split('/', wanted.startsWith('@') ? 2 : 1).join('/');
}

function isInside(file: string, folder: string): boolean {
  try {
    return realpathSync(file).startsWith(realpathSync(folder) + sep);
  } catch {
    return false;
  }
}

function nothingAt(wanted: string, path: string): never {
  throw new HostError('PLUGIN_NOT_FOUND', `no plugin ${wanted}: nothing at ${path}`, {
    plugin: wanted,
    remedy: 'Check the path; it is relative to the current directory.',
  });
}

function notFound(wanted: string, path: string | undefined, places: readonly PluginPlace[]): never {
  const name = packageIn(wanted);
  const there = placeOf(name, places);
  if (there !== undefined) {
    throw new HostError('PLUGIN_NOT_FOUND', `no plugin ${wanted}: ${join(there.folder, name)} has no file to load`, {
      plugin: wanted,
      remedy: 'Check what `exports` or `main` in its package.json names; build it if it is yours.',
    });
  }
  const looked = [...(path === undefined ? [] : [`  ${path}`]), ...listed(places, wanted)];
  throw new HostError('PLUGIN_NOT_FOUND', [`no plugin ${wanted}: nothing at`, ...looked].join('\n'), {
    plugin: wanted,
    remedy:
      path === undefined
        ? `Install the npm package that has this plugin and give its name, or write a path to a file as ./${wanted}.`
        : 'Check the path; it is relative to the current directory.',
  });
}

/** Every path, those of each place on a line of their own. */
function listed(places: readonly PluginPlace[], wanted: string): readonly string[] {
  const kinds = [...new Set(places.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const paths = places.filter((it) => it.kind === kind).map(({ folder }) => join(folder, wanted));
    return `  ${placeWords[kind]}: ${paths.join(', ')}`;
  });
}
