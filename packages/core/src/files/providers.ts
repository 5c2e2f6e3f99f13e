import { EngineError, type Records, refuseMissing, resourcesOf } from '@criujs/engine-kit';
import { missingHook } from '@criujs/plugin-host/facts';
import type { HookName } from '@criujs/plugin-sdk';
import { findKind } from '../kinds/files/kind-of-entry.ts';
import type { FileEntry } from '../kinds/files/opening.ts';
import type { Session } from '../run/session.ts';

/** What the images say of plugins, beside `criujs.json`. */
interface Images {
  readonly files: readonly FileEntry[];
  /** Names in the inventory. */
  readonly plugins: readonly string[];
}

/**
 * Sees to it that every plugin that the images need is loaded, before any file is opened or plugin asked.
 * @throws EngineError PLUGIN_MISSING: one error for all that are missing
 */
export function checkProviders(images: Images, records: Records | null, { hooks }: Session): void {
  const ids = new Set(images.files.map(({ id }) => id));
  const resources = records === null ? [] : resourcesOf(records).filter(({ id }) => ids.has(id));
  refuseMissing({ resources, records, listed: images.plugins }, hooks.plugins);
  if (records === null) checkHooks(images, hooks);
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
 * A plugin took a resource, and no loaded plugin could restore it.
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
