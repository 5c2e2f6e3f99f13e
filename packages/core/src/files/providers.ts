import type { Records } from '@criujs/engine-kit';
import { missingHook } from '@criujs/plugin-host/facts';
import type { HookName, Provider } from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import type { PluginNames } from '../run/protocol.ts';
import type { Session } from '../run/session.ts';
import type { FileEntry } from './kind.ts';
import { findKind } from './kind-of-entry.ts';
import { type MissingPlugin, notLoaded } from './missing-plugins.ts';

/** What the images say of plugins, beside `criujs.json`. */
interface Images {
  readonly files: readonly FileEntry[];
  /** Names in the inventory. */
  readonly plugins: readonly string[];
}

/**
 * Sees to it that every plugin that the images need is loaded, before any file is opened or plugin asked.
 * @throws EngineError PLUGIN_MISSING: one error for all that are not
 */
export function checkProviders(images: Images, records: Records | null, { hooks }: Session): void {
  const ids = new Set(images.files.map(({ id }) => id));
  const resources = records === null ? [] : resourcesOf(records).filter(({ id }) => ids.has(id));
  refuseMissing({ resources, records, listed: images.plugins }, hooks.plugins);
  if (records === null) checkHooks(images, hooks);
}

/**
 * The same for an engine that reads the other images itself.
 * @param listed names in the inventory that no plugin of the engine's own answers for
 * @throws EngineError PLUGIN_MISSING
 */
export function checkRecordedProviders(
  records: Records | null,
  listed: readonly string[],
  plugins: readonly PluginNames[],
): void {
  refuseMissing({ resources: records === null ? [] : resourcesOf(records), records, listed }, plugins);
}

interface Provided {
  readonly id: number;
  readonly provider: Provider;
  readonly resource: string;
}

/** All that images say of the plugins that they need. */
interface Needs {
  readonly resources: readonly Provided[];
  readonly records: Records | null;
  /** Names in CRIU's inventory. */
  readonly listed: readonly string[];
}

function refuseMissing({ resources, records, listed }: Needs, loaded: readonly PluginNames[]): void {
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
  if (missing.size > 0) throw notLoaded([...missing.values()]);
}

function resourcesOf(records: Records): Provided[] {
  const externals = records.externals.flatMap(({ id, file: { path, provider } }) => {
    const resource = `file ${id}${path === null ? '' : ` (${path})`}`;
    return provider === null ? [] : [{ id, provider, resource }];
  });
  const sockets = records.sockets.map(({ id, inode, provider }) => {
    return { id, provider, resource: `unix socket ${inode} (file ${id})` };
  });
  return [...externals, ...sockets];
}

/** Images of CRIU: nothing tells which plugin took a file, but the inventory names those that took any. */
function checkHooks({ files, plugins }: Images, hooks: Session['hooks']): void {
  for (const file of files) {
    const kind = findKind(file);
    if (kind?.plugins === undefined || kind.isOpenFile?.(file) === false) continue;
    const missing = missingHook(kind.plugins.hook, hooks);
    if (missing !== null) throw hookMissing(missing, `file ${file.id} was dumped`, plugins);
  }
}

/**
 * Somebody took a resource, and nobody who is loaded could bring it back.
 * @param taken what was taken: `file 3 was dumped`
 * @param named the plugins that the inventory names
 */
export function hookMissing(hook: HookName, taken: string, named: readonly string[], pid?: number): EngineError {
  const known = named.length === 0 ? 'which the images do not name' : `one of ${named.join(', ')}`;
  const message = `${taken} by a plugin, ${known}; no plugin with the hook ${hook} is loaded`;
  return new EngineError('PLUGIN_MISSING', message, {
    pid,
    hook,
    remedy: 'Load the plugin that made the dump (--plugin, option `plugins`).',
  });
}
