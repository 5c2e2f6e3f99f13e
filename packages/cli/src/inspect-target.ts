import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EngineError, type EngineErrorCode } from '@criujs/core';
import { type Inspection, inspectFile } from '@criujs/legacy-compat/inspect';
import { createPluginHost, locatePlugin } from '@criujs/plugin-host';

/** What is known of a plugin. */
export interface Inspected {
  readonly plugin: Inspection;
  /** Whether its module was run to see it. */
  readonly ran: boolean;
}

/**
 * Reads a plugin: C source, a compiled plugin, a module, or an npm package. A current plugin is also loaded, as for `plugin
 * list`, because its source may not show everything.
 * @throws EngineError PLUGIN_NOT_FOUND, PLUGIN_INVALID, PLUGIN_API_VERSION
 */
export async function inspectTarget(target: string, cwd: string): Promise<Inspected> {
  try {
    const path = locate(target, cwd);
    const read = await readFromText(path);
    const isToday = read instanceof Error || read.structure === 'today';
    return isToday ? { plugin: await load(path, cwd, read), ran: true } : { plugin: read, ran: false };
  } catch (error) {
    throw asEngineError(error);
  }
}

/** A file by its path, including C source; otherwise as the host looks for plugins. */
function locate(target: string, cwd: string): string {
  const near = resolve(cwd, target);
  return statSync(near, { throwIfNoEntry: false })?.isFile() === true ? near : locatePlugin(target, cwd);
}

/** The error, if running the module shows what its source does not. A module that is not a plugin is not run. */
async function readFromText(path: string): Promise<Inspection | Error> {
  try {
    return await inspectFile(path);
  } catch (error) {
    if (error instanceof Error && (error as { code?: unknown }).code === 'PLUGIN_UNTOLD') return error;
    throw error;
  }
}

/** Loads a module in the host, and adds what its source says about the functions. */
async function load(path: string, cwd: string, read: Inspection | Error): Promise<Inspection> {
  const host = await createPluginHost({ plugins: [path], cwd });
  const [found] = host.plugins;
  if (found === undefined) throw new Error(`${path} was loaded, but the host does not list it`);
  const text = read instanceof Error ? null : read;
  const named = new Map(text?.hooks.map((it) => [it.hook, it.function]));
  return {
    format: 'javascript',
    structure: 'today',
    path,
    name: found.name,
    version: found.version ?? null,
    init: text?.init ?? null,
    exit: text?.exit ?? null,
    hooks: found.hooks.map((hook) => ({ hook, function: named.get(hook) ?? null })),
    unknown: [],
    complete: true,
    notes: [],
  };
}

/** The engine has all codes of the host's and the reader's errors. */
function asEngineError(error: unknown): unknown {
  const { code, message, remedy, plugin } = Object(error) as Partial<EngineError>;
  if (typeof code !== 'string' || !code.startsWith('PLUGIN_') || message === undefined) return error;
  return new EngineError(code as EngineErrorCode, message, { cause: error, remedy, plugin });
}
