import type { Provider } from '@criujs/plugin-sdk';
import { type MissingPlugin, notLoaded } from './missing-plugins.ts';
import type { Records } from './records.ts';

/** A loaded plugin by all its names. */
export interface PluginNames {
  readonly name: string;
  /** By which CRIU's inventory lists it; null: by none. Absent: by its own name. */
  readonly inventoryName?: string | null;
}

/**
 * Checks that every plugin that the images need is loaded, for an engine that reads the images of files itself.
 * @param listed names in the inventory that no plugin of the engine's own answers for
 * @throws EngineError PLUGIN_MISSING: one error for all that are not
 */
export function checkRecordedProviders(
  records: Records | null,
  listed: readonly string[],
  plugins: readonly PluginNames[],
): void {
  refuseMissing({ resources: records === null ? [] : resourcesOf(records), records, listed }, plugins);
}

/** A resource that a plugin dumped. */
export interface Provided {
  readonly id: number;
  readonly provider: Provider;
  readonly resource: string;
}

/** All that images say of the plugins that they need. */
export interface Needs {
  readonly resources: readonly Provided[];
  readonly records: Records | null;
  /** Names in CRIU's inventory. */
  readonly listed: readonly string[];
}

/** @throws EngineError PLUGIN_MISSING: one error for all plugins that the images need and that are not loaded */
export function refuseMissing(needs: Needs, loaded: readonly PluginNames[]): void {
  const missing = missingPlugins(needs, loaded);
  if (missing.length > 0) throw notLoaded(missing);
}

/** The plugins that the images need and that are not loaded. */
export function missingPlugins({ resources, records, listed }: Needs, loaded: readonly PluginNames[]): MissingPlugin[] {
  const recorded = records?.plugins ?? [];
  const missing = new Map<string, MissingPlugin & { readonly resources: string[] }>();
  const miss = (plugin: Provider): string[] => {
    const source = recorded.find(({ name }) => name === plugin.name);
    const it = missing.get(plugin.name) ?? { plugin, source, resources: [] };
    missing.set(plugin.name, it);
    return it.resources;
  };
  const isLoaded = (wanted: string): boolean => loaded.some(({ name }) => name === wanted);
  for (const { provider, resource } of resources) if (!isLoaded(provider.name)) miss(provider).push(resource);
  for (const it of recorded) if (it.required && !isLoaded(it.name)) miss(it);
  for (const wanted of listed) {
    if (loaded.some(({ name, inventoryName }) => wanted === name || wanted === inventoryName)) continue;
    miss(
      recorded.find(({ name, inventoryName }) => wanted === (inventoryName ?? name)) ?? { name: wanted, version: null },
    );
  }
  return [...missing.values()];
}

/** What the records say of who dumped what. */
export function resourcesOf(records: Records): Provided[] {
  const externals = records.externals.flatMap(({ id, file: { path, provider } }) => {
    const resource = `file ${id}${path === null ? '' : ` (${path})`}`;
    return provider === null ? [] : [{ id, provider, resource }];
  });
  const sockets = records.sockets.map(({ id, inode, provider }) => {
    return { id, provider, resource: `unix socket ${inode} (file ${id})` };
  });
  return [...externals, ...sockets];
}
