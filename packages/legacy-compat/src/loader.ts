import type { PluginLoader } from '@criujs/plugin-host';
import { adaptModule, type LegacyOptions } from './adapt.ts';

/**
 * A loader for `createPluginHost({ loaders })` and the runs of `@criujs/core` that takes modules in CRIU's structures: by path
 * or npm name, `.js`, `.cjs`, `.mjs` and `.ts`. Plugins of today pass through it unchanged.
 */
export function legacyLoader(options: LegacyOptions = {}): PluginLoader {
  return {
    name: "CRIU's old structure",
    async load(wanted, { cwd }) {
      // Only now: a run without plugins reads none of it.
      const { findModule, importModule } = await import('./load-module.ts');
      const path = findModule(wanted, cwd);
      if (path === undefined) return undefined;
      const module = await importModule(path);
      // A module is not run twice: what is not ours goes on as it is.
      return adaptModule(module, path, options) ?? module;
    },
  };
}
