import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EngineError, type EngineErrorCode } from '@criujs/core';
import { type Inspection, inspectFile, type WhereItLoads, whereItLoads } from '@criujs/legacy-compat/inspect';
import { locatePlugin } from '@criujs/plugin-host';
import { distrustNamed } from './code-file.ts';
import { manifestOf, type ShownManifest } from './manifest-facts.ts';
import { packageOfPlugin } from './package-of-plugin.ts';

/** What the file of a plugin tells. */
export interface Inspected extends WhereItLoads {
  readonly plugin: Inspection;
  /** What the package.json of its package says of it; null: the file is not the plugin of a package, or that says nothing. */
  readonly manifest: ShownManifest | null;
}

/**
 * Reads a plugin: C source, a compiled plugin, a module, or an npm package. Nothing of it is run.
 * @throws EngineError PLUGIN_NOT_FOUND, PLUGIN_INVALID, PLUGIN_UNTOLD
 */
export async function inspectTarget(target: string, cwd: string): Promise<Inspected> {
  try {
    return await inspectEntry(locate(target, cwd));
  } catch (error) {
    throw asEngineError(error);
  }
}

/** A file by its path, including C source; otherwise as the host looks for plugins. */
function locate(target: string, cwd: string): string {
  const near = resolve(cwd, target);
  return statSync(near, { throwIfNoEntry: false })?.isFile() === true ? near : locatePlugin(target, cwd);
}

/** Links are followed: modules beside a plugin are beside its file. */
async function inspectEntry(path: string): Promise<Inspected> {
  const plugin = { ...(await inspectFile(realFile(path))), path };
  const where = { ...whereItLoads(plugin), manifest: manifestOf(packageOfPlugin(path), plugin) };
  // A compiled plugin for CRIU is loaded by CRIU, and source by nobody.
  const distrust = plugin.format === 'c' ? null : distrustNamed(path);
  if (distrust === null) return { plugin, ...where };
  return { plugin, ...where, embedded: { ...where.embedded, loads: false, why: distrust.why } };
}

function realFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Reading it says best what is wrong.
    return path;
  }
}

/** The engine has all codes of the host's and the reader's errors. */
function asEngineError(error: unknown): unknown {
  const { code, message, remedy, plugin } = Object(error) as Partial<EngineError>;
  if (typeof code !== 'string' || !code.startsWith('PLUGIN_') || message === undefined) return error;
  return new EngineError(code as EngineErrorCode, message, { cause: error, remedy, plugin });
}
