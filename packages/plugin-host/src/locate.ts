import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import { HostError } from './errors.ts';

/** Names with one of these may be files even without a leading `./`. */
const codeExtension = /\.([cm]?[jt]s|so)$/;
const indexNames = ['index.ts', 'index.mts', 'index.js', 'index.mjs'];
/** The source of a package that was not built yet. */
const sourceNames = ['src/index.ts', 'src/index.mts'];

/**
 * The file that a user means by a plugin's name: a path, or an npm package as an import in `cwd` would find it. For loaders of
 * files that are not imported.
 * @throws HostError PLUGIN_NOT_FOUND: where it looked, and what to do
 */
export function locate(wanted: string, cwd: string): string {
  if (isExplicit(wanted))
    return (
      fileAt(pathOf(wanted, cwd)) ??
      notFound(wanted, [pathOf(wanted, cwd)], 'Check the path; it is relative to the current directory.')
    );

  // `chart.js` is a package, `plugin.js` a file: what is there decides.
  const path = codeExtension.test(wanted) ? resolve(cwd, wanted) : undefined;
  const file = path === undefined ? undefined : fileAt(path);
  const found = file ?? packageEntry(wanted, cwd);
  if (found !== undefined) return found;
  const places = [...(path === undefined ? [] : [path]), ...packagePlaces(wanted, cwd)];
  return notFound(
    wanted,
    places,
    path === undefined
      ? `Install the npm package that has this plugin and give its name, or write a path to a file as ./${wanted}.`
      : 'Check the path; it is relative to the current directory.',
  );
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
  const name = nameOfPackage(path);
  const inside = (names: readonly string[]): string | undefined =>
    names.map((it) => join(path, it)).find((it) => existsSync(it));
  if (name === undefined) return packageEntry('./', `${path}/`) ?? inside(indexNames);
  // As others import it: its package.json says what is its main file.
  const own = packageEntry(name, path);
  const isInside = own?.startsWith(join(path, sep)) && !own.startsWith(join(path, 'node_modules', sep));
  return isInside ? own : (packageEntry('./', `${path}/`) ?? inside([...indexNames, ...sourceNames]));
}

/** undefined: the folder is not a package, or it has no name. */
function nameOfPackage(folder: string): string | undefined {
  try {
    const { name } = Object(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
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

function packagePlaces(name: string, cwd: string): string[] {
  const folders = createRequire(join(cwd, 'noop.js')).resolve.paths(name) ?? [];
  return folders.slice(0, 3).map((it) => join(it, name));
}

function notFound(wanted: string, places: readonly string[], remedy: string): never {
  throw new HostError('PLUGIN_NOT_FOUND', `no plugin ${wanted}: nothing at ${places.join(', ')}`, {
    plugin: wanted,
    remedy,
  });
}
