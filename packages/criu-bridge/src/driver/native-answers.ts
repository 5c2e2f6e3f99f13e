import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CriuOptions } from './options.ts';

/** Where CRIU looks for plugins when nobody tells it: its PLUGINDIR under the usual prefixes. */
const usualDirectories = ['/usr/lib/criu', '/usr/local/lib/criu', '/usr/lib64/criu', '/var/lib/criu'];

/**
 * Whether a compiled plugin that CRIU loads itself may ask for this name of the inventory: the name is in its file. CRIU then
 * ensures that it does.
 */
export function nativeAnswersFor(listed: string, hosted: boolean, options: CriuOptions): boolean {
  const { nativePlugins = [], cwd = process.cwd() } = options;
  const isAlone = !hosted && nativePlugins.length === 0;
  const files = isAlone ? ownPlugins() : nativePlugins.map((it) => resolve(cwd, it));
  const name = Buffer.from(`${listed}\0`);
  return files.some((file) => contains(file, name));
}

/** Those that CRIU finds itself, which it does unless any plugin is given. */
function ownPlugins(): string[] {
  const { CRIU_LIBS_DIR: given } = process.env;
  const directories = given === undefined || given === '' ? usualDirectories : [given];
  return directories
    .filter((it) => existsSync(it))
    .flatMap((it) => readdirSync(it).map((name) => join(it, name)))
    .filter((it) => it.endsWith('.so'));
}

/** A file that cannot be read counts for nothing: loading it reports why. */
function contains(file: string, name: Buffer): boolean {
  try {
    return readFileSync(file).includes(name);
  } catch {
    return false;
  }
}
