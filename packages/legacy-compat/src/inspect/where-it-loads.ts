import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { hostSymbols, loadable } from '../compiled/refuse.ts';
import { oldStructureEndsIn } from '../notice.ts';
import type { CInspection, ElfInspection, Inspection } from './inspection.ts';
import { criuReleases, type Releases } from './releases.ts';
import { functionsVersion, newestVersion } from './versions.ts';

/** Whether a plugin would be loaded somewhere. */
export interface Verdict {
  /** null: only trying tells. */
  readonly loads: boolean | null;
  /** Why not, or how; null where there is nothing to say. */
  readonly why: string | null;
  /** Hooks of the plugin that are never called there. */
  readonly uncalled: readonly HookName[];
}

/** Where a plugin would be loaded. */
export interface WhereItLoads {
  readonly embedded: Verdict;
  /** Oldest first. */
  readonly criu: readonly (Verdict & { readonly releases: string })[];
}

type Judged = Pick<Verdict, 'loads' | 'why'>;

/** The embedded engine does not know what calls these yet: mounts and network links. */
const uncalledByEmbedded: readonly HookName[] = ['DUMP_EXT_MOUNT', 'RESTORE_EXT_MOUNT', 'DUMP_EXT_LINK'];
/** CRIU has these since 4.1. */
const inventorySymbols: readonly string[] = hostSymbols.filter((it) => it.endsWith('_inventory_plugin'));

const yes: Judged = { loads: true, why: null };
const untold: Judged = { loads: null, why: 'not all of it can be told without running it' };
const no = (why: string): Judged => ({ loads: false, why });

/** Tells under which engines and releases of CRIU a plugin would be loaded, from what was read of it. */
export function whereItLoads(inspection: Inspection): WhereItLoads {
  const hooks = inspection.hooks.map(({ hook }) => hook);
  const embedded = underEmbedded(inspection);
  return {
    embedded: { ...embedded, uncalled: hooks.filter((it) => uncalledByEmbedded.includes(it)) },
    criu: criuReleases.map((release) => {
      const judged = judge[inspection.format](inspection as never, release);
      const uncalled = hooks.filter((it) => hookTable[it].number >= release.hooks);
      return { releases: release.releases, ...judged, uncalled: judged.loads === false ? [] : uncalled };
    }),
  };
}

function underEmbedded(inspection: Inspection): Judged {
  if (inspection.format === 'elf') return compiledUnderEmbedded(inspection);
  const wrong = mistakeOf(inspection);
  if (wrong !== null) return no(wrong);
  if (inspection.format === 'c') return { loads: true, why: onceCompiled(inspection) };
  if (inspection.structure === 'today') return inspection.complete ? yes : untold;
  return { loads: true, why: `until version ${oldStructureEndsIn} of @criujs/legacy-compat` };
}

function onceCompiled({ internalHeaders }: CInspection, against = ''): string {
  const source = internalHeaders.length === 0 ? '' : ', which needs the source of CRIU';
  return `once it is compiled${against}${source}`;
}

function compiledUnderEmbedded(elf: ElfInspection): Judged {
  const found = loadable(elf);
  if (found.obstacle !== null) return no(found.obstacle.what);
  const why = `it takes ${found.undecided.join(', ')} from elsewhere, and no library says that it has them`;
  return found.undecided.length > 0 ? { loads: null, why } : { loads: true, why: 'in a process of its own' };
}

/** What nobody would take, of a plugin that is not compiled. */
function mistakeOf({ structure, name, unknown, version, format }: Inspection): string | null {
  // A function with an unknown name is passed over.
  if (structure !== 'functions' && unknown.length > 0) {
    const names = unknown.map(({ hook }) => hook).join(', ');
    return format === 'c' ? `no header of CRIU has ${names}` : `it has ${names}, which is not a hook`;
  }
  if (structure === 'today' && name !== null && !/^[a-z0-9][a-z0-9-]*$/.test(name))
    return `its name ${JSON.stringify(name)} is not of small letters, digits and dashes`;
  if (structure !== 'descriptor' || version === null) return null;
  const [major = 0, minor = 0, sublevel = 0] = version.split('.').map(Number);
  return major * 0x10000 + minor * 0x100 + sublevel > newestVersion
    ? `its version ${version} is newer than 0.2.0`
    : null;
}

/** Whether some releases of CRIU would load it, by what it is. */
const judge: {
  readonly [F in Inspection['format']]: (it: Extract<Inspection, { format: F }>, release: Releases) => Judged;
} = {
  c(it, release) {
    const wrong = mistakeOf(it);
    if (wrong !== null) return no(wrong);
    if (it.structure === 'functions') return { loads: true, why: onceCompiled(it) };
    if (!release.descriptors) return no('it does not know CR_PLUGIN_DESC');
    const missing = it.hooks.filter(({ hook }) => hookTable[hook].number >= release.hooks).map(({ hook }) => hook);
    if (missing.length > 0) return no(`its header has no ${missing.join(', ')}`);
    if (!it.complete) return { loads: null, why: 'not all of its hooks could be read' };
    return { loads: true, why: onceCompiled(it, ' with the header of that release') };
  },
  elf(it, release) {
    if (it.structure === 'descriptor') {
      if (!release.descriptors) return no('it does not know CR_PLUGIN_DESC');
      if (it.versionNumber > newestVersion) return no(`its version ${it.version} is newer than 0.2.0`);
      // plugin.c frees every descriptor with that version at the end: it means those that it made itself.
      if (it.versionNumber === functionsVersion)
        return no(`its version ${it.version} is for functions with fixed names: CRIU aborts`);
    }
    if (it.structure === 'descriptor' && it.maxHooks === null) return untold;
    if (it.maxHooks !== null && it.maxHooks > release.hooks) {
      return no(`it declares ${it.maxHooks} hooks, but this CRIU knows ${release.hooks}`);
    }
    return judgeSymbols(it, release);
  },
  javascript(it, release) {
    const wrong = mistakeOf(it);
    if (wrong !== null) return no(wrong);
    if (!release.bridge) return no('--engine criu supports CRIU 3.17 and newer');
    return it.structure === 'today' && !it.complete ? untold : { loads: true, why: 'with --engine criu' };
  },
};

/** CRIU gives all its own functions to plugins (it is linked with -rdynamic), so one may take more of them than is its right. */
function judgeSymbols({ symbols }: ElfInspection, { inventory }: Releases): Judged {
  const needed = symbols.filter(({ weak, library }) => !weak && library === null).map(({ name }) => name);
  const late = inventory ? [] : needed.filter((it) => inventorySymbols.includes(it));
  if (late.length > 0) return no(`it needs ${late.join(', ')}, which CRIU has since 4.1`);
  const strange = needed.filter((it) => !hostSymbols.includes(it));
  if (strange.length === 0) return yes;
  return { loads: null, why: `it needs ${strange.join(', ')}, which this CRIU or a library must have` };
}
