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
    remedy: missing.map(remedyOf).join(' '),
  });
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
function remedyOf({ plugin, source }: MissingPlugin): string {
  const { package: name = null, packageVersion = null, load = null } = source ?? {};
  if (name !== null) {
    const release = packageVersion === null ? name : `${name}@${packageVersion}`;
    return `Load ${nameOf(plugin)}: npm install ${release}, then --plugin ${load ?? name} (option \`plugins\`).`;
  }
  if (load !== null)
    return `Load ${nameOf(plugin)} from its file, which was ${load} at the dump: --plugin ./PATH (option \`plugins\`).`;
  return `Load the plugin named ${plugin.name} that made the dump (--plugin, option \`plugins\`).`;
}
