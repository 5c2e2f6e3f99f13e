import { pluginKeyword } from '@criujs/plugin-host';
import { askNpm } from './npm.ts';
import { PackageError } from './package-error.ts';
import type { PackageSpec } from './package-spec.ts';
import type { RunningOptions } from './run-program.ts';

/** What a registry says of a package. Nothing of it is trusted. */
export interface RegistryPackage {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  /** When this version was published, as the registry writes it; null: it does not say. */
  readonly date: string | null;
  /** Scripts that npm would run when it installs it. */
  readonly installScripts: readonly string[];
}

const installing = ['preinstall', 'install', 'postinstall'];
/** What a registry's search finds that cannot look for keywords. */
const anyPlugin = 'criu';
const mostFound = 100;

/** @throws PackageError PACKAGE_NOT_FOUND, REGISTRY_FAILED … */
export async function lookUp(spec: PackageSpec, options: RunningOptions): Promise<RegistryPackage> {
  const fields = ['name', 'version', 'description', 'keywords', 'scripts'];
  const answer = await askNpm(['view', spec.text, ...fields], options);
  // A range has several, the newest last.
  const found = readPackage(Array.isArray(answer) ? answer.at(-1) : answer);
  if (found?.name === spec.name) return found;
  throw new PackageError(
    'PACKAGE_NOT_FOUND',
    `the registry has no package ${spec.text}`,
    'Check its name and version, or look for it: criujs plugin search WORD.',
  );
}

/** The version that npm would install of it; null: the registry does not have it. */
export async function latestOf(name: string, options: RunningOptions): Promise<string | null> {
  const answer = await askNpm(['view', name, 'version'], options);
  return typeof answer === 'string' ? answer : null;
}

/** @throws PackageError PACKAGE_NOT_A_PLUGIN */
export function demandPlugin({ name, version, keywords }: RegistryPackage): void {
  if (keywords.includes(pluginKeyword)) return;
  throw new PackageError(
    'PACKAGE_NOT_A_PLUGIN',
    `${name} ${version} is not a plugin: it has not the keyword ${pluginKeyword}`,
    `Look for plugins with criujs plugin search. If you know that it is one, install it with npm and name it: --plugin ${name}.`,
  );
}

/** Plugins that the registry finds for these words; all of them without. In its order. */
export async function searchPlugins(
  words: readonly string[],
  options: RunningOptions,
): Promise<readonly RegistryPackage[]> {
  const found = await searchFor([`keywords:${pluginKeyword}`, ...words], options);
  if (found.length > 0) return found;
  // Some registries look for all words in the text.
  return searchFor(words.length === 0 ? [anyPlugin] : words, options);
}

async function searchFor(words: readonly string[], options: RunningOptions): Promise<readonly RegistryPackage[]> {
  const answer = await askNpm(['search', `--searchlimit=${mostFound}`, '--', ...words], options);
  const all = Array.isArray(answer) ? answer.map(readPackage) : [];
  return all.filter((it): it is RegistryPackage => it?.keywords.includes(pluginKeyword) === true);
}

function readPackage(given: unknown): RegistryPackage | null {
  const {
    name,
    version,
    description,
    keywords,
    date,
    scripts,
    'dist-tags': tags,
  } = Object(given) as Record<string, unknown>;
  const release = version ?? Object(tags).latest;
  if (typeof name !== 'string' || typeof release !== 'string') return null;
  return {
    name,
    version: release,
    description: typeof description === 'string' ? description : '',
    keywords: Array.isArray(keywords) ? keywords.filter((it): it is string => typeof it === 'string') : [],
    date: typeof date === 'string' ? date : null,
    installScripts: installing.filter((it) => Object.hasOwn(Object(scripts), it)),
  };
}
