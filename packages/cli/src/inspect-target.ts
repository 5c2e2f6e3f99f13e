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
 * Reads a plugin: a text in C, a compiled one, a module, or an npm package. A plugin of today is loaded as well, as for `plugin
 * list`, since its text need not tell all.
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

/** A file as it is named, be it in C; else as the host looks for plugins. */
function locate(target: string, cwd: string): string {
  const near = resolve(cwd, target);
  return statSync(near, { throwIfNoEntry: false })?.isFile() === true ? near : locatePlugin(target, cwd);
}

/** The error, where running the module tells what its text does not. A module that is no plugin is not run. */
async function readFromText(path: string): Promise<Inspection | Error> {
  try {
    return await inspectFile(path);
  } catch (error) {
    if (error instanceof Error && (error as { code?: unknown }).code === 'PLUGIN_UNTOLD') return error;
    throw error;
  }
}

/** Runs a module in the host, and adds what its text says of the functions. */
async function load(path: string, cwd: string, read: Inspection | Error): Promise<Inspection> {
  const host = await createPluginHost({ plugins: [path], cwd });
  const [found] = host.plugins;
  if (found === undefined) throw new Error(`${path} was loaded and did not come`);
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

/** Of the host's and the reader's errors the engine has all codes. */
function asEngineError(error: unknown): unknown {
  const { code, message, remedy, plugin } = Object(error) as Partial<EngineError>;
  if (typeof code !== 'string' || !code.startsWith('PLUGIN_') || message === undefined) return error;
  return new EngineError(code as EngineErrorCode, message, { cause: error, remedy, plugin });
}
