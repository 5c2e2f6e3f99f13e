import type { PluginRecord } from './facts/plugin-record.ts';
import type { LoadedPlugin } from './loaded.ts';

/** What the plugins did in a dump. Names of plugins. */
export interface Done {
  /** Those that took a resource. */
  readonly took: ReadonlySet<string>;
  /** Those that wrote into their part of the images. */
  readonly wrote: ReadonlySet<string>;
  /** Those that asked for it: `context.require()`, and `add_inventory_plugin()` in C. */
  readonly asked: ReadonlySet<string>;
}

/** What the images say of each loaded plugin: above all whether a restore needs it, by a rule that all engines share. */
export function recordPlugins(plugins: readonly LoadedPlugin[], done: Done): PluginRecord[] {
  return plugins.map((plugin) => {
    const { name, version = null, apiVersion, imageVersion, inventoryName, source } = plugin;
    const required = isNeeded(plugin, done);
    const listed = inventoryName === undefined ? name : inventoryName;
    return { name, version, apiVersion, imageVersion, inventoryName: listed, required, ...source };
  });
}

function isNeeded({ name, required }: LoadedPlugin, { took, wrote, asked }: Done): boolean {
  return required === true || took.has(name) || asked.has(name) || (required === undefined && wrote.has(name));
}
