import type { PluginLoader } from '@criujs/plugin-host';
import { adaptModule, type LegacyOptions } from './adapt.ts';
import { originOf } from './origin.ts';

/**
 * A loader for `createPluginHost({ loaders })` and the runs of `@criujs/core` that takes plugins in CRIU's structures, by path or
 * npm name: modules (`.js`, `.cjs`, `.mjs` and `.ts`), and compiled ones (`.so`), each of which gets a process of its own.
 * Plugins of today pass through it unchanged.
 */
export function legacyLoader(options: LegacyOptions = {}): PluginLoader {
  return {
    name: "CRIU's old structure",
    locates: true,
    async load(wanted, { cwd }) {
      // Importing it would run it as an addon of Node.
      if (wanted.endsWith('.node')) return undefined;
      // Only now: a run without plugins reads none of it.
      const { filesAndPackages, locatePlugin } = await import('@criujs/plugin-host');
      const origin = originOf(wanted, cwd);
      const file = await whereverFound(() => locatePlugin(wanted, cwd));
      if (file === undefined) return undefined;
      if (isCompiled(file)) {
        const { compiledPlugin } = await import('./compiled/compiled-plugin.ts');
        return compiledPlugin({ path: file, origin, restoreStage: options.restoreStage ?? 2 });
      }
      const module = await whereverFound(() => filesAndPackages.load(wanted, { cwd }));
      // A module is not run twice: what is not ours goes on as it is.
      return module === undefined ? undefined : (adaptModule(module, origin, options) ?? module);
    },
  };
}

/** `plugin.so`, and `plugin.so.1` as libraries are installed. */
function isCompiled(file: string): boolean {
  return /\.so(\.\d+)*$/.test(file);
}

/** undefined: another loader may know what it means; else the host says where it looked. */
async function whereverFound<T>(look: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'PLUGIN_NOT_FOUND') return undefined;
    throw error;
  }
}
