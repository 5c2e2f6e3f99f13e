import { hookTable, PluginError } from '@criujs/plugin-sdk';
import type { ElfInspection } from '../inspect/inspection.ts';
import { newestVersion, versionText } from '../inspect/versions.ts';

/** What the runner gives to plugins, as CRIU does. */
export const hostSymbols: readonly string[] = [
  'print_on_level',
  'criu_get_image_dir',
  'add_inventory_plugin',
  'check_and_remove_inventory_plugin',
];

/** Node's names of processors, as `uname -m` has them. */
const machines: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

const hookCount = Object.keys(hookTable).length;

/** Libraries of glibc: what they have, they have by a version, and a symbol without one is not theirs. */
const versioned = /^(lib(c|m|dl|pthread|rt)\.so\.\d+|ld-linux[\w-]*\.so\.\d+)$/;

/**
 * Refuses, before anything of it runs, what CRIU would refuse and what cannot work.
 * @returns symbols that it takes from elsewhere and that only loading it tells whether anybody has
 * @throws PluginError PLUGIN_INVALID
 */
export function refuse(elf: ElfInspection): readonly string[] {
  const { path, machine, versionNumber, maxHooks, symbols, libraries } = elf;
  const ours = machines[process.arch] ?? process.arch;
  if (machine !== ours)
    throw refused(path, `it is for ${machine}, and this machine is ${ours}`, 'Build it for this machine.');
  if (versionNumber > newestVersion) {
    const what = `its version of the interface is ${versionText(versionNumber)}, newer than ${versionText(newestVersion)}`;
    throw refused(path, what, updateUs);
  }
  if (maxHooks !== null && maxHooks > hookCount)
    throw refused(path, `it declares ${maxHooks} hooks; ${hookCount} are known`, updateUs);

  const strange = symbols
    .filter(({ name, weak, library }) => !weak && library === null && !hostSymbols.includes(name))
    .map(({ name }) => name);
  if (strange.length > 0 && libraries.every((it) => versioned.test(it))) throw missing(path, strange);
  return strange;
}

const updateUs = 'Update @criujs/legacy-compat; CRIU refuses such a plugin, too.';

function missing(path: string, names: readonly string[]): PluginError {
  const what = `it needs ${names.join(', ')}, which no library has that it names, and neither has its host`;
  return refused(path, what, `Link it with the library that has them. A host gives ${hostSymbols.join(', ')}.`);
}

/** A compiled plugin cannot be loaded. */
export function refused(path: string, what: string, remedy: string): PluginError {
  return new PluginError(`${path} cannot be loaded: ${what}`, { code: 'PLUGIN_INVALID', remedy });
}
