import { isPlugin, PluginError } from '@criujs/plugin-sdk';
import type { OldFunction } from './call-old.ts';
import { camelCase, type OldSymbol, symbolNames } from './symbols.ts';

/** What a module has of CRIU's structures; null: nothing, it is a current plugin or none. */
export type Recognised =
  /** `strangers` look like names of CRIU's and are none: it would never call them. */
  | {
      readonly kind: 'functions';
      readonly functions: ReadonlyMap<OldSymbol, OldFunction>;
      readonly strangers: readonly string[];
    }
  | { readonly kind: 'descriptor'; readonly descriptor: unknown }
  | null;

type Exports = Readonly<Record<string, unknown>>;

/**
 * Looks which structure a module has.
 * @throws PluginError PLUGIN_INVALID: it mixes structures, or a name of CRIU's is no function, or none of CRIU's
 */
export function recognise(module: unknown, path: string): Recognised {
  const places = exportsOf(module);
  const functions = new Map(symbolNames.flatMap((symbol) => pick(places, symbol, path)));
  const descriptor = places.map((it) => it['CR_PLUGIN_DESC']).find((it) => it !== undefined);
  const parts = [
    ...(functions.size === 0 ? [] : [[...functions.values()].map((it) => it.name).join(', ')]),
    ...(descriptor === undefined ? [] : ['CR_PLUGIN_DESC']),
  ];
  const strangers = strangersIn(places);
  const today = hasPlugin(module);
  if (parts.length === 0) return today ? null : refuseStrangers(strangers, path);
  if (today) parts.push('a plugin made by definePlugin');
  if (parts.length > 1) throw mixed(path, parts);
  return descriptor === undefined ? { kind: 'functions', functions, strangers } : { kind: 'descriptor', descriptor };
}

/** A module, and the object that it exports as a whole: all of a CommonJS module is in `default`. */
function exportsOf(module: unknown): Exports[] {
  const main = defaultOf(module);
  return [module, main, defaultOf(main)].filter(isExports).filter((it) => !isPlugin(it));
}

function defaultOf(value: unknown): unknown {
  return isExports(value) ? value['default'] : undefined;
}

function isExports(value: unknown): value is Exports {
  return typeof value === 'object' && value !== null;
}

/** The same places where the host looks for a plugin. */
function hasPlugin(module: unknown): boolean {
  const main = defaultOf(module);
  return [module, main, Object(module)['plugin'], defaultOf(main)].some(isPlugin);
}

function pick(places: readonly Exports[], symbol: OldSymbol, path: string): [OldSymbol, OldFunction][] {
  const found = places.flatMap((owner) =>
    [symbol, camelCase(symbol)].map((name) => ({ owner, name, value: owner[name] })),
  );
  const [first, ...others] = found.filter((it) => it.value !== undefined);
  if (first === undefined) return [];
  const { owner, name, value } = first;
  if (typeof value !== 'function') {
    throw invalid(path, `its ${name} is not a function`, `Export ${name} as a function, or leave it out.`);
  }
  const other = others.find((it) => it.value !== value);
  if (other !== undefined) {
    throw invalid(path, `it exports ${name} and ${other.name}, which are two functions`, 'Keep one of them.');
  }
  return [[symbol, { name, path, call: (args) => Reflect.apply(value, owner, args) }]];
}

function strangersIn(places: readonly Exports[]): readonly string[] {
  const known = new Set<string>(symbolNames.flatMap((it) => [it, camelCase(it)]));
  const names = places.flatMap(Object.keys).filter((it) => /^(cr_plugin_|crPlugin[A-Z])/.test(it) && !known.has(it));
  return [...new Set(names)];
}

/** A module that has nothing else is meant to be one of CRIU's, and would do nothing. */
function refuseStrangers(names: readonly string[], path: string): null {
  if (names.length === 0) return null;
  const what = `it exports ${names.join(', ')}, which CRIU does not know`;
  throw invalid(path, what, `CRIU's names are ${symbolNames.join(', ')}.`);
}

function mixed(path: string, parts: readonly string[]): PluginError {
  return invalid(
    path,
    `it mixes structures, so it is unclear which one counts: ${parts.join('; and ')}`,
    'Keep one of them: definePlugin, if you can.',
  );
}

function invalid(path: string, what: string, remedy: string): PluginError {
  return new PluginError(`${path} cannot be loaded: ${what}`, { code: 'PLUGIN_INVALID', remedy });
}
