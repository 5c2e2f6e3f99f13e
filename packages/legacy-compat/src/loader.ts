import type { PluginLoader } from '@criujs/plugin-host';
import { adaptModule, type LegacyOptions } from './adapt.ts';
import { originOf } from './origin.ts';

/**
 * A loader for `createPluginHost({ loaders })` and the runs of `@criujs/core` that takes modules in CRIU's structures: by path
 * or npm name, `.js`, `.cjs`, `.mjs` and `.ts`. Plugins of today pass through it unchanged.
 */
export function legacyLoader(options: LegacyOptions = {}): PluginLoader {
  return {
    name: "CRIU's old structure",
    async load(wanted, { cwd }) {
      // A compiled plugin: importing it would run it as an addon of Node.
      if (/\.(so|node)$/.test(wanted)) return undefined;
      // Only now: a run without plugins reads none of it.
      const { filesAndPackages } = await import('@criujs/plugin-host');
      const module = await filesAndPackages.load(wanted, { cwd }).catch(ignoreNotFound);
      if (module === undefined) return undefined;
      // A module is not run twice: what is not ours goes on as it is.
      return adaptModule(module, originOf(wanted, cwd), options) ?? module;
    },
  };
}

/** Another loader may know what it means; else the host says where it looked. */
function ignoreNotFound(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== 'PLUGIN_NOT_FOUND') throw error;
}
