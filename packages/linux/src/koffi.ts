import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type Koffi = typeof import('koffi').default;

/** What koffi has for this system and processor. */
const binary = '@koromix/koffi-linux-x64';

/**
 * Loads koffi for a module. Its binary alone is what we use: koffi's JavaScript around it, and Node's search for both, take four times
 * as long, in each thread. Where the binary does not lie in a `node_modules` as npm makes them, koffi looks for it.
 * @param folder of the module
 */
export function loadKoffi(folder: string): Koffi {
  const koffi = findPackage(folder, 'koffi');
  const native = koffi === null ? null : findPackage(koffi, binary);
  const load = createRequire(join(folder, 'any.js'));
  return (native === null ? load('koffi') : load(join(native, 'index.js'))) as Koffi;
}

/** Finds a package as Node does for a module in this folder, without its `exports`. null: it is not in a `node_modules`. */
export function findPackage(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name);
    if (existsSync(path)) return realpathSync.native(path);
    if (at === dirname(at)) return null;
  }
}
