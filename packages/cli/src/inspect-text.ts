import { safeName } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import {
  type ElfInspection,
  hooksRead,
  hostSymbols,
  type Inspection,
  type Verdict,
  type WhereItLoads,
} from '@criujs/legacy-compat/inspect';
import { hookTable } from '@criujs/plugin-sdk';
import type { ShownManifest } from './manifest-facts.ts';
import { manifestLines } from './manifest-text.ts';

/** What is known of a plugin beside what its file says. */
interface Known extends WhereItLoads {
  readonly manifest: ShownManifest | null;
}

/** A plugin in words. All text in it comes from the file: it is made safe for a terminal. */
export function describePlugin(plugin: Inspection, known: Known, colors: Colors): string {
  const { bold, dim, yellow } = colors;
  const blocks = [
    [bold(safeName(plugin.path)), `  ${titleOf(plugin)}`, `  ${dim(howRead(plugin))}`, `  ${hooksRead(plugin)}`],
    [bold('Hooks'), ...hookLines(plugin, colors)],
    ...(plugin.format === 'elf' ? [[bold('Needs'), ...needLines(plugin, colors)]] : []),
    ...(known.manifest === null ? [] : [[bold('Manifest'), ...manifestLines(known.manifest, colors)]]),
    [bold('Loads'), ...loadLines(known, colors)],
    ...(plugin.notes.length === 0 ? [] : [[yellow('Note'), ...plugin.notes.map((it) => `  ${safeName(it)}`)]]),
  ];
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

const structures: Readonly<Record<Inspection['structure'], string>> = {
  descriptor: 'CR_PLUGIN_DESC',
  functions: 'the old structure of functions with fixed names',
  today: 'definePlugin',
};

function titleOf({ structure, name, version, init, exit }: Inspection): string {
  const own = [name ?? 'no name of its own', ...(version === null ? [] : [version])].join(' ');
  const ends = [
    init === null ? [] : `init ${init.name ?? '(no name)'}`,
    exit === null ? [] : `exit ${exit.name ?? '(no name)'}`,
  ];
  return safeName([own, structures[structure], ...ends.flat()].join(', '));
}

function howRead(plugin: Inspection): string {
  if (plugin.format === 'c') return 'C source, with the author’s own files that it includes';
  if (plugin.format === 'javascript') return 'a module; it was not run';
  const most = plugin.maxHooks === null ? '' : `, declares ${plugin.maxHooks} hooks`;
  return `compiled for ${safeName(plugin.machine)}${most}; it was not run`;
}

function hookLines({ hooks, unknown, complete }: Inspection, { dim, red }: Colors): readonly string[] {
  const widest = Math.max(0, ...hooks.map(({ hook }) => hook.length));
  const known = hooks.map(({ hook, function: name }) => {
    const { number, since } = hookTable[hook];
    return `  ${String(number).padStart(2)} ${hook.padEnd(widest)}  ${dim(`CRIU ${since}`.padEnd(14))} ${safeName(name ?? '')}`.trimEnd();
  });
  const others = unknown.map(({ hook }) => `  ${red('?')}  ${safeName(hook)}  never called`);
  if (known.length + others.length > 0) return [...known, ...others];
  return [complete ? '  none' : '  none that could be read'];
}

function needLines({ symbols, libraries }: ElfInspection, { dim, red }: Colors): readonly string[] {
  const free = symbols.filter(({ weak, library }) => !weak && library === null).map(({ name }) => name);
  const ofHost = free.filter((it) => hostSymbols.includes(it));
  const strange = free.filter((it) => !hostSymbols.includes(it));
  const lines = [
    ...(ofHost.length === 0 ? [] : [`  ${ofHost.join(', ')}  ${dim('provided by every host')}`]),
    ...strange.map((it) => `  ${red(safeName(it))}  ${dim('not known to be in any library')}`),
    ...libraries.map((it) => `  ${safeName(it)}  ${dim(symbolsOf(it, symbols))}`),
  ];
  return lines.length === 0 ? ['  nothing'] : lines;
}

function symbolsOf(library: string, symbols: ElfInspection['symbols']): string {
  const names = symbols.filter((it) => it.library === library).map(({ name }) => safeName(name));
  const more = names.length > 6 ? ` and ${names.length - 6} more` : '';
  return names.length === 0 ? 'a library' : `a library, for ${names.slice(0, 6).join(', ')}${more}`;
}

function loadLines({ embedded, criu }: WhereItLoads, colors: Colors): readonly string[] {
  return [
    verdictLine('the embedded engine', embedded, colors),
    ...criu.map((it) => verdictLine(`CRIU ${it.releases}`, it, colors)),
  ];
}

function verdictLine(where: string, { loads, why, uncalled }: Verdict, { green, red, yellow, dim }: Colors): string {
  const mark = loads === true ? green('✓') : loads === false ? red('✗') : yellow('?');
  const never = uncalled.length === 0 ? [] : [`never called there: ${uncalled.join(', ')}`];
  const text = [...(why === null ? [] : [safeName(why)]), ...never].join('; ');
  return `  ${mark} ${where.padEnd(19)}  ${loads === true ? dim(text) : text}`.trimEnd();
}
