import type { PluginRecord } from '@criujs/plugin-host/facts';
import type { Provider } from '@criujs/plugin-sdk';
import { EngineError } from '../errors/errors.ts';

/** So many resources of one plugin are named in an error. */
const mostNamed = 4;

/** A plugin that the images need and that is not loaded. */
export interface MissingPlugin {
  readonly plugin: Provider;
  /** What the images say of where it came from; undefined: nothing. */
  readonly source: Pick<PluginRecord, 'package' | 'packageVersion' | 'load'> | undefined;
  /** What it dumped, in words. */
  readonly resources: readonly string[];
}

/** A package on this machine that has such a plugin. */
export interface InstalledPackage {
  /** What one writes to load it. */
  readonly package: string;
  readonly packageVersion: string | null;
  /** Where it is, in words: `beside criujs`. */
  readonly place: string;
}

/** Looks for a plugin among those that are installed. */
export type FindInstalled = (missing: MissingPlugin) => InstalledPackage | undefined;

/** One error for all of them. */
export function notLoaded(missing: readonly MissingPlugin[]): EngineError {
  const [first] = missing;
  const lines = missing.map((it) => ({ who: nameOf(it.plugin), what: resourcesOf(it) }));
  const message =
    lines.length === 1
      ? lines.map(({ who, what }) =>
          what === ''
            ? `the images need plugin ${who}, which is not loaded`
            : `${what}: dumped by plugin ${who}, which is not loaded`,
        )[0]
      : [
          `${lines.length} plugins are not loaded:`,
          ...lines.map(({ who, what }) => `  ${who} ${what === '' ? 'is needed by the images' : `dumped ${what}`}`),
        ].join('\n');
  return new EngineError('PLUGIN_MISSING', message ?? '', {
    plugin: first?.plugin.name,
    remedy: remedyOfMissing(missing),
  });
}

/** How to load all of them. @param find told of what is installed. Default: nothing is known to be */
export function remedyOfMissing(missing: readonly MissingPlugin[], find: FindInstalled = () => undefined): string {
  return missing.map((it) => remedyOf(it, find(it))).join(' ');
}

/** A plugin's name as people know it: with its version, if it has one. */
export function nameOf({ name, version }: Provider): string {
  return version === null ? name : `${name} ${version}`;
}

function resourcesOf({ resources }: MissingPlugin): string {
  const named = resources.slice(0, mostNamed).join(', ');
  return resources.length > mostNamed ? `${named} and ${resources.length - mostNamed} more` : named;
}

/** A package is named only if the images name it: the plugin's own name may be a stranger's package. */
function remedyOf({ plugin, source }: MissingPlugin, installed: InstalledPackage | undefined): string {
  if (installed !== undefined) {
    const { package: known, packageVersion: version, place } = installed;
    const release = version === null ? known : `${known} ${version}`;
    const load = known === source?.package ? (source.load ?? known) : known;
    return `Load ${nameOf(plugin)}: --plugin ${load} (option \`plugins\`); ${release} is installed: ${place}.`;
  }
  const { package: name = null, packageVersion = null, load = null } = source ?? {};
  if (name !== null) {
    const release = packageVersion === null ? name : `${name}@${packageVersion}`;
    return `Load ${nameOf(plugin)}: npm install ${release}, then --plugin ${load ?? name} (option \`plugins\`).`;
  }
  if (load !== null)
    return `Load ${nameOf(plugin)} from its file, which was ${load} at the dump: --plugin ./PATH (option \`plugins\`).`;
  return `Load the plugin named ${plugin.name} that made the dump (--plugin, option \`plugins\`).`;
}
