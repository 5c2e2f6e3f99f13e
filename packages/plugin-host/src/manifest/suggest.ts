import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@criujs/plugin-sdk';
import { servedVersions } from '../admit.ts';
import { HostError } from '../errors.ts';
import { isPackageName } from '../facts/package-name.ts';
import { type InstalledPlugin, installedPlugins } from '../installed.ts';
import { type CatalogEntry, catalog } from './catalog.ts';
import { type Drivers, kernelDrivers } from './drivers.ts';
import { readManifest } from './read.ts';
import { type ResourceQuestion, takes } from './takes.ts';

/** A package whose manifest says that its plugin takes a resource, and that is not loaded. */
export interface PluginSuggestion {
  /** Its name on npm: what one writes to load it. */
  readonly package: string;
  readonly plugin: string;
  /** Whether it is on this disk, or only in the catalog that criujs ships. */
  readonly from: 'installed' | 'catalog';
  /** The folder of one that is installed. */
  readonly folder?: string;
  /** Why one that is installed would not be loaded. */
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
}

export interface SuggestionsOptions {
  /** Where plugins are looked for, as `installedPlugins` does. Default: the current directory. */
  readonly cwd?: string | undefined;
  /** Names of the plugins that are loaded: they have been asked. */
  readonly loaded: readonly string[];
}

/** Where its facts come from; a test has its own. */
export interface SuggestionSources {
  readonly installed: (options: { readonly cwd?: string | undefined }) => readonly InstalledPlugin[];
  readonly catalog: readonly CatalogEntry[];
  readonly drivers: Drivers;
}

/** Says which packages would take a resource: those that are installed first. Any of the questions is enough. */
export type Suggest = (questions: readonly ResourceQuestion[]) => readonly PluginSuggestion[];

interface Candidate extends PluginSuggestion {
  readonly manifest: PluginManifest;
}

/**
 * Names, for resources that nobody takes, packages whose manifest takes them. It looks when it is first asked, and runs nothing of
 * what it finds.
 */
export function suggestPlugins(
  { cwd, loaded }: SuggestionsOptions,
  sources: SuggestionSources = { installed: installedPlugins, catalog, drivers: kernelDrivers() },
): Suggest {
  let known: readonly Candidate[] | undefined;
  return (questions) => {
    if (questions.length === 0) return [];
    known ??= candidates(cwd, sources).filter(({ plugin }) => !loaded.includes(plugin));
    return known
      .filter(({ manifest }) => questions.some((it) => takes(manifest, it, sources.drivers)))
      .map(({ manifest: _, ...suggestion }) => suggestion);
  };
}

function candidates(cwd: string | undefined, { installed, catalog: shipped }: SuggestionSources): Candidate[] {
  const owners = trustedOwners(cwd);
  const here = installed({ cwd }).flatMap((it) => (it.shadowedBy === null ? fromDisk(it, owners) : []));
  const names = new Set(here.map((it) => it.package));
  const others = shipped.filter((it) => !names.has(it.package));
  return [...here, ...others.flatMap((it) => fromCatalog(it))];
}

function fromDisk({ package: name, folder, criu, error }: InstalledPlugin, owners: ReadonlySet<number>): Candidate[] {
  const reading = readManifest({ criu });
  if (reading.state !== 'valid' || !isPackageName(name) || !isTrusted(folder, owners)) return [];
  const { manifest } = reading;
  const wrong = error ?? wrongVersion(name, manifest);
  const why = wrong === undefined ? {} : { error: { code: wrong.code, message: wrong.message, remedy: wrong.remedy } };
  return [{ package: name, plugin: manifest.plugin, from: 'installed', folder, ...why, manifest }];
}

function fromCatalog({ package: name, manifest }: CatalogEntry): Candidate[] {
  if (wrongVersion(name, manifest) !== undefined) return [];
  return [{ package: name, plugin: manifest.plugin, from: 'catalog', manifest }];
}

function wrongVersion(name: string, { apiVersion }: PluginManifest): HostError | undefined {
  if (servedVersions.includes(apiVersion)) return undefined;
  const message = `${name} is written against version ${apiVersion} of the plugin contract, and this criujs serves ${servedVersions.join(', ')}`;
  return new HostError('PLUGIN_API_VERSION', message, {
    plugin: name,
    remedy: 'Update criujs, or install another release of it.',
  });
}

/**
 * Whose packages are named: ours, root's, those of who owns the directory, and those of who has installed criujs. In a folder such
 * as /tmp anybody could leave one for others to load.
 */
function trustedOwners(cwd: string | undefined): ReadonlySet<number> {
  const owners = [cwd ?? '.', fileURLToPath(import.meta.url)].flatMap((it) => ownerOf(it) ?? []);
  return new Set([0, ...(process.geteuid === undefined ? [] : [process.geteuid()]), ...owners]);
}

function isTrusted(folder: string, owners: ReadonlySet<number>): boolean {
  const owner = ownerOf(folder);
  return owner !== undefined && owners.has(owner);
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}
