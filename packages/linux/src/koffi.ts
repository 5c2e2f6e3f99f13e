import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A function of a library in C. */
export interface ForeignFunction {
  (...args: readonly unknown[]): unknown;
  /** The same in a thread of koffi's; the last argument is told the error or the result. */
  readonly async: (...args: readonly unknown[]) => void;
}

/** A library in C that was loaded. */
export interface Library {
  /** @param declaration in C */
  func(declaration: string): ForeignFunction;
}

/** What we use of koffi. https://koffi.dev/ */
export interface Koffi {
  readonly version: string;
  load(library: string): Library;
  /** Of the last call in this thread. */
  errno(): number;
  address(memory: ArrayBuffer | Uint8Array): bigint | number;
  /** A type of function, of a declaration in C or of its types. */
  proto(declaration: string): unknown;
  proto(result: string, parameters: readonly string[]): unknown;
  call(address: bigint, type: unknown, ...args: readonly unknown[]): unknown;
  /** Memory as it is there, without a copy. */
  view(address: bigint, length: number): ArrayBuffer;
}

/** What koffi has for this system and processor. It has no script that a package manager would warn of, as koffi itself has. */
const binary = '@koromix/koffi-linux-x64';

/**
 * Loads koffi for a module: its binary alone. koffi's JavaScript around it, and Node's search for both, take four times as long, in each
 * thread. Where the binary does not lie in a `node_modules` as npm makes them, Node looks for it.
 * @param folder of the module
 */
export function loadKoffi(folder: string): Koffi {
  const found = findPackage(folder, binary);
  return createRequire(join(folder, 'any.js'))(found === null ? binary : join(found, 'index.js')) as Koffi;
}

/** Finds a package as Node does for a module in this folder, without its `exports`. null: it is not in a `node_modules`. */
export function findPackage(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name);
    if (existsSync(path)) return realpathSync.native(path);
    if (at === dirname(at)) return null;
  }
}
