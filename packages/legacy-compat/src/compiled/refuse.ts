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

/** Why a compiled plugin cannot be loaded. */
interface Obstacle {
  readonly what: string;
  readonly remedy: string;
}

/** Whether a compiled plugin can be loaded, as far as the file tells. */
export type Loadable =
  | { readonly obstacle: Obstacle }
  /** Symbols that it takes from elsewhere; only loading it tells whether a library has them. */
  | { readonly obstacle: null; readonly undecided: readonly string[] };

/**
 * Refuses, before anything of it runs, what CRIU would refuse and what cannot work.
 * @returns symbols that it takes from elsewhere; only loading it tells whether a library has them
 * @throws PluginError PLUGIN_INVALID
 */
export function refuse(elf: ElfInspection): readonly string[] {
  const found = loadable(elf);
  if (found.obstacle !== null) throw refused(elf.path, found.obstacle.what, found.obstacle.remedy);
  return found.undecided;
}

/** What {@link refuse} finds, without an error. */
export function loadable(elf: ElfInspection): Loadable {
  const { machine, versionNumber, maxHooks, symbols, libraries } = elf;
  const ours = machines[process.arch] ?? process.arch;
  if (machine !== ours)
    return obstacle(`it is for ${machine}, and this machine is ${ours}`, 'Build it for this machine.');
  if (versionNumber > newestVersion) {
    const what = `its version of the interface is ${versionText(versionNumber)}, newer than ${versionText(newestVersion)}`;
    return obstacle(what, updateUs);
  }
  if (maxHooks !== null && maxHooks > hookCount)
    return obstacle(`it declares ${maxHooks} hooks; ${hookCount} are known`, updateUs);

  const strange = symbols
    .filter(({ name, weak, library }) => !weak && library === null && !hostSymbols.includes(name))
    .map(({ name }) => name);
  if (strange.length > 0 && libraries.every((it) => versioned.test(it))) return missing(strange);
  return { obstacle: null, undecided: strange };
}

const updateUs = 'Update @criujs/legacy-compat; CRIU refuses such a plugin, too.';

function missing(names: readonly string[]): Loadable {
  const what = `it needs ${names.join(', ')}, which neither its libraries nor its host provide`;
  return obstacle(what, `Link it with the library that has them. A host provides ${hostSymbols.join(', ')}.`);
}

function obstacle(what: string, remedy: string): Loadable {
  return { obstacle: { what, remedy } };
}

/** A compiled plugin cannot be loaded. */
export function refused(path: string, what: string, remedy: string): PluginError {
  return new PluginError(`${path} cannot be loaded: ${what}`, { code: 'PLUGIN_INVALID', remedy });
}
