import { camelCase, type OldSymbol, oldSymbols, symbolNames } from '../../symbols.ts';
import { type Registration, sortHooks } from '../hook-names.ts';
import type { JavaScriptInspection, OriginalFunction } from '../inspection.ts';
import { invalid, untold } from '../invalid.ts';
import { functionsVersion, versionText } from '../versions.ts';
import { type Described, parametersOf, readDescriptor } from './descriptor.ts';
import { type Exports, readExports } from './exports.ts';
import { type Modules, noModules } from './modules.ts';
import { parse } from './parse.ts';
import { readToday } from './today.ts';
import { isToday, type Value } from './value.ts';

type Plugin = Omit<JavaScriptInspection, 'format' | 'path'>;

/**
 * Reads what a module in JavaScript or TypeScript exports, from its text: CRIU's fixed function names, a `CR_PLUGIN_DESC`, or a
 * plugin of today. The module is not run; where its text does not tell all, `complete` is false and `notes` say why.
 * @throws PluginError PLUGIN_INVALID: no module, no plugin, or one that mixes structures; PLUGIN_UNTOLD: only running it would
 * tell whether it is one
 */
export function inspectJavaScript(text: string, path: string, modules: Modules = noModules()): JavaScriptInspection {
  const exports = readExports(parse(text, path), modules);
  const places = placesOf(exports);
  const functions = new Map(symbolNames.flatMap((symbol) => pick(places, symbol, path)));
  const described = places.map((it) => it.get('CR_PLUGIN_DESC')).find((it) => it !== undefined);
  const today = places.flatMap((it) => [...it.values()]).find(isToday);
  const parts = [
    ...(functions.size === 0 ? [] : [[...functions.values()].map(({ name }) => name).join(', ')]),
    ...(described === undefined ? [] : ['CR_PLUGIN_DESC']),
    ...(today === undefined ? [] : ['a plugin made by definePlugin']),
  ];
  if (parts.length > 1) {
    const what = `it mixes structures, so it is unclear which one counts: ${parts.join('; and ')}`;
    throw invalid(path, what, 'Keep one of them: definePlugin, if you can.');
  }
  const found = (): Plugin => {
    if (described !== undefined) return plugin('descriptor', readDescriptor(described), exports.open);
    if (today !== undefined) return plugin('today', readToday(today), []);
    if (functions.size > 0) return plugin('functions', fromFunctions(functions, strangersIn(places)), exports.open);
    throw none(places, exports, path);
  };
  return { format: 'javascript', path, ...found() };
}

type Entries = ReadonlyMap<string, Value>;

/** A module, and the object that it exports as a whole: all of a CommonJS module is in `default`. */
function placesOf({ named }: Exports): readonly Entries[] {
  const main = entriesOf(named.get('default'));
  return [named, main, entriesOf(main.get('default'))];
}

function entriesOf(value: Value | undefined): Entries {
  return value?.kind === 'object' ? value.entries : new Map();
}

/** A function by the name under which the module has it. */
interface Exported {
  readonly name: string;
  readonly parameters: readonly string[] | null;
}

function pick(
  places: readonly Entries[],
  symbol: OldSymbol,
  path: string,
): readonly (readonly [OldSymbol, Exported])[] {
  for (const name of [symbol, camelCase(symbol)]) {
    const value = places.map((it) => it.get(name)).find((it) => it !== undefined);
    if (value === undefined) continue;
    if (value.kind !== 'function' && value.kind !== 'unknown' && value.kind !== 'call') {
      throw invalid(path, `its ${name} is not a function`, `Export ${name} as a function, or leave it out.`);
    }
    return [[symbol, { name, parameters: parametersOf(value) }]];
  }
  return [];
}

function strangersIn(places: readonly Entries[]): readonly string[] {
  const known = new Set<string>(symbolNames.flatMap((it) => [it, camelCase(it)]));
  const names = places.flatMap((it) => [...it.keys()]).filter((it) => /^(cr_plugin_|crPlugin[A-Z])/.test(it));
  return [...new Set(names)].filter((it) => !known.has(it));
}

function fromFunctions(functions: ReadonlyMap<OldSymbol, Exported>, strangers: readonly string[]): Described {
  const has = (symbol: OldSymbol): OriginalFunction | null => {
    const found = functions.get(symbol);
    return found === undefined ? null : { name: found.name };
  };
  const known = [...functions].flatMap(([symbol, { name, parameters }]): Registration[] => {
    const key = oldSymbols[symbol];
    return key === 'init' || key === 'exit' ? [] : [{ key, function: name, parameters }];
  });
  return {
    name: null,
    version: versionText(functionsVersion),
    init: has('cr_plugin_init'),
    exit: has('cr_plugin_fini'),
    hooks: [...known, ...strangers.map((name) => ({ key: name, function: name }))],
    hasOptions: null,
    open: [],
  };
}

function plugin(structure: Plugin['structure'], described: Described, more: readonly string[]): Plugin {
  const { hooks, open, ...rest } = described;
  const notes = [...more, ...open];
  return { structure, ...rest, ...sortHooks(hooks), complete: notes.length === 0, notes };
}

function none(places: readonly Entries[], { named, open }: Exports, path: string): Error {
  const strangers = strangersIn(places);
  if (strangers.length > 0) {
    const remedy = `CRIU's names are ${symbolNames.join(', ')}.`;
    return invalid(path, `it exports ${strangers.join(', ')}, which CRIU does not know`, remedy);
  }
  const exported = named.size === 0 ? 'it exports nothing' : `it exports ${[...named.keys()].join(', ')}`;
  const what = `${exported}: no function of the old structure (cr_plugin_init and its like), no CR_PLUGIN_DESC, and nothing that definePlugin made`;
  const remedy = 'Name the module that exports the plugin.';
  const hidden = open.length > 0 || [named.get('default'), named.get('plugin')].some(mayBePlugin);
  return hidden ? untold(path, `${what}, as far as its source shows`, remedy) : invalid(path, what, remedy);
}

/** Something that is made when the module runs. */
function mayBePlugin(value: Value | undefined): boolean {
  if (value?.kind === 'object') return !value.whole;
  return value?.kind === 'unknown' || value?.kind === 'call';
}
