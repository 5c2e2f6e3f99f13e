import { readFile } from 'node:fs/promises';
import { type HookName, type Logger, PluginError } from '@criujs/plugin-sdk';
import { isElf } from '../inspect/elf/image.ts';
import { inspectElf } from '../inspect/elf/read-elf.ts';
import type { OldStructureName } from '../inspect/inspection.ts';
import { versionText } from '../inspect/versions.ts';
import { refuse, refused } from './refuse.ts';
import { type CallContext, startRunner } from './runner.ts';
import { hooksOf } from './served.ts';

/** What a compiled plugin is. */
export interface Compiled {
  readonly structure: OldStructureName;
  /** As its descriptor has it; empty: it has none. */
  readonly name: string;
  readonly version: string;
  readonly hooks: readonly HookName[];
  /** Whether it asks for itself in the images' list of plugins: CRIU restores no images that list somebody who does not. */
  readonly asksForItself: boolean;
}

/** Milliseconds that a plugin may take to be loaded, where it must be. */
const loadDeadline = 10_000;

/**
 * Reads what a compiled plugin is. It is not run; only where that does not tell its hooks, it is loaded in a process of its
 * own, as CRIU loads it.
 * @throws PluginError PLUGIN_INVALID: it is none, or would not be loaded by CRIU either; WireError NATIVE_NO_COMPILER …
 */
export async function readCompiled(path: string): Promise<Compiled> {
  const bytes = await readFile(path);
  if (!isElf(bytes))
    throw refused(path, 'it is not a compiled library (elf(5))', 'Give the library that was built from it.');
  const elf = inspectElf(bytes, path);
  const undecided = refuse(elf);
  const { structure, name, versionNumber, complete, symbols } = elf;
  const asksForItself = symbols.some((it) => it.name === 'check_and_remove_inventory_plugin');
  if (!complete || undecided.length > 0) return { ...(await loadOnly(path, undecided)), asksForItself };
  const hooks = elf.hooks.map(({ hook }) => hook);
  return { structure, name: name ?? '', version: versionText(versionNumber), hooks, asksForItself };
}

async function loadOnly(path: string, undecided: readonly string[]): Promise<Omit<Compiled, 'asksForItself'>> {
  const runner = await startRunner(path, null, silent);
  const signal = AbortSignal.timeout(loadDeadline);
  try {
    const context: CallContext = { log: silent, signal };
    const welcome = await runner.begin({ stage: null, needed: null }, context);
    if (welcome.error !== '')
      throw refused(path, loadError(path, welcome.error, undecided), 'Link it with what it needs.');
    const { name, version, served } = welcome;
    const structure = welcome.structure === 1 ? 'functions' : 'descriptor';
    return { structure, name, version: versionText(version), hooks: hooksOf(served) };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw refused(path, `it is not loaded after ${loadDeadline} ms`, 'Find out what its constructors wait for.');
  } finally {
    await runner.end();
  }
}

/** The dynamic linker names the first symbol that is missing; there may be more. */
function loadError(path: string, error: string, undecided: readonly string[]): string {
  const text = error.replace(`${path}: `, '');
  return undecided.length > 1 ? `${text}; no library is known to have ${undecided.join(', ')}` : text;
}

/** There is no run to log to. */
const quiet = (): void => undefined;
const silent: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** @throws PluginError PLUGIN_INVALID unless the process of a run says the same as the file */
export function checkSame(
  path: string,
  found: Compiled,
  welcome: { readonly name: string; readonly error: string },
): void {
  if (welcome.error !== '') throw refused(path, loadError(path, welcome.error, []), 'Build the plugin again.');
  if (found.structure === 'functions' || welcome.name === found.name) return;
  throw new PluginError(`${path} named itself ${found.name}, and is loaded as ${welcome.name}`, {
    code: 'PLUGIN_INVALID',
    remedy: 'Start the run again; the file may have been replaced meanwhile.',
  });
}
