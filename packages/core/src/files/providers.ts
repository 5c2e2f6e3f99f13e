import type { FileEntry } from '@criujs/images';
import type { Records } from '@criujs/plugin-host/engine';
import type { HookName, Provider } from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import type { Session } from '../run/session.ts';

import { unixMark } from './unix-peers.ts';

/** So many resources of one plugin are named in an error. */
const mostNamed = 4;

interface Images {
  readonly files: readonly FileEntry[];
  /** Names in the inventory. */
  readonly plugins: readonly string[];
}

/**
 * Sees to it that every plugin that dumped a file is loaded, before any file is opened or plugin asked.
 * @throws EngineError PLUGIN_MISSING: one error for all that are not
 */
export function checkProviders(images: Images, records: Records | null, { hooks }: Session): void {
  if (records === null) {
    checkHooks(images, hooks);
    return;
  }
  const ids = new Set(images.files.map(({ id }) => id));
  refuseMissing(
    resourcesOf(records).filter(({ id }) => ids.has(id)),
    hooks.plugins,
  );
}

/**
 * The same for an engine that reads the other images itself.
 * @throws EngineError PLUGIN_MISSING
 */
export function checkRecordedProviders(records: Records | null, plugins: readonly { readonly name: string }[]): void {
  if (records !== null) refuseMissing(resourcesOf(records), plugins);
}

interface Provided {
  readonly id: number;
  readonly provider: Provider;
  readonly resource: string;
}

function refuseMissing(resources: readonly Provided[], plugins: readonly { readonly name: string }[]): void {
  const missing = new Map<string, { readonly provider: Provider; readonly resources: string[] }>();
  for (const { provider, resource } of resources) {
    if (plugins.some(({ name }) => name === provider.name)) continue;
    const plugin = missing.get(provider.name) ?? { provider, resources: [] };
    plugin.resources.push(resource);
    missing.set(provider.name, plugin);
  }
  if (missing.size > 0) throw notLoaded([...missing.values()]);
}

/** A plugin's name as people know it: with its version, if it has one. */
export function nameOf({ name, version }: Provider): string {
  return version === null ? name : `${name} ${version}`;
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

function notLoaded(
  missing: readonly { readonly provider: Provider; readonly resources: readonly string[] }[],
): EngineError {
  const lines = missing.map(({ provider, resources }) => {
    const named = resources.slice(0, mostNamed).join(', ');
    const more = resources.length > mostNamed ? ` and ${resources.length - mostNamed} more` : '';
    return { who: nameOf(provider), what: `${named}${more}` };
  });
  const message =
    lines.length === 1
      ? lines.map(({ who, what }) => `${what}: dumped by plugin ${who}, which is not loaded`).join()
      : [`${lines.length} plugins are not loaded:`, ...lines.map(({ who, what }) => `  ${who} dumped ${what}`)].join(
          '\n',
        );
  const load = missing.map(({ provider }) => `--plugin ${provider.name}`).join(' ');
  return new EngineError('PLUGIN_MISSING', message, {
    plugin: missing[0]?.provider.name,
    remedy: `Load ${lines.map(({ who }) => who).join(' and ')}: ${load}, or the npm package or file that has that name (option \`plugins\`).`,
  });
}

/** Images of CRIU: nothing tells which plugin took a file, but the inventory names those that took any. */
function checkHooks({ files, plugins }: Images, hooks: Session['hooks']): void {
  const needs: readonly { readonly hook: HookName; readonly file: FileEntry | undefined }[] = [
    { hook: 'RESTORE_EXT_FILE', file: files.find(({ ext }) => ext !== undefined) },
    {
      hook: 'RESTORE_UNIX_SK',
      file: files.find(({ usk }) => usk !== undefined && (usk.uflags & unixMark.callback) !== 0),
    },
  ];
  const need = needs.find(({ hook, file }) => file !== undefined && !hooks.serves(hook));
  if (need === undefined) return;
  throw hookMissing(need.hook, `file ${need.file?.id} was dumped`, plugins);
}

/**
 * Somebody took a resource, and nobody who is loaded could bring it back.
 * @param taken what was taken: `file 3 was dumped`
 * @param named the plugins that the inventory names
 */
export function hookMissing(hook: HookName, taken: string, named: readonly string[], pid?: number): EngineError {
  const known = named.length === 0 ? 'which the images do not name' : `one of ${named.join(', ')}`;
  const message = `${taken} by a plugin, ${known}; no plugin with the hook ${hook} is loaded`;
  return new EngineError('PLUGIN_MISSING', message, { pid, hook, remedy: 'Load it: --plugin NAME.' });
}
