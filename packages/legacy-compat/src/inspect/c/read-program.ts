import { type OldSymbol, oldSymbols } from '../../symbols.ts';
import { sortHooks } from '../hook-names.ts';
import type { InspectedHook, OldStructureName, OriginalFunction, UnknownHook } from '../inspection.ts';
import { invalid } from '../invalid.ts';
import { functionsVersion, newestVersion, versionText } from '../versions.ts';
import { readAssignments } from './assign.ts';
import { type Described, type Found, functionOf, at as where } from './described.ts';
import { type Definition, findCalls, findDefinitions, findForeign } from './find.ts';
import { readInitializer } from './initializer.ts';
import type { Preprocessed, Unread } from './preprocess.ts';
import type { Place } from './tokens.ts';
import { constantsOf, hookKey, nameOf, textOf } from './values.ts';

/** CRIU's macros (criu-plugin.h). */
const registers = ['CR_PLUGIN_REGISTER', 'CR_PLUGIN_REGISTER_DUMMY'];
const registersHook = 'CR_PLUGIN_REGISTER_HOOK';

/** What a program says, compiled in one way. */
export interface Reading {
  readonly structure: OldStructureName;
  readonly name: string | null;
  readonly version: string | null;
  readonly init: OriginalFunction | null;
  readonly exit: OriginalFunction | null;
  readonly hooks: readonly InspectedHook[];
  readonly unknown: readonly UnknownHook[];
  /** What was not followed: there may be more hooks. */
  readonly obstacles: readonly string[];
  readonly notes: readonly string[];
  readonly unread: readonly Unread[];
  /** Texts that are paths of devices. */
  readonly devices: readonly string[];
}

/** @throws PluginError PLUGIN_INVALID: it is no plugin, or registers itself twice */
export function readProgram(program: Preprocessed, path: string): Reading {
  const definitions = findDefinitions(program);
  const found = readDescribed(program, definitions, path) ?? readFunctions(definitions);
  if (found !== null) {
    const obstacles = [...found.obstacles, ...hidden(program)];
    return { ...found, obstacles, unread: program.unread, devices: devicesIn(program) };
  }
  const what =
    'it neither calls CR_PLUGIN_REGISTER nor defines a function of the old structure (cr_plugin_init and its like)';
  throw invalid(path, what, 'Name the file of the plugin that registers it, or the compiled plugin (.so).');
}

type Part = Omit<Reading, 'unread' | 'devices'>;

function readDescribed(program: Preprocessed, definitions: readonly Definition[], path: string): Part | null {
  const constants = constantsOf(program);
  const calls = findCalls(program, [...registers, registersHook], path);
  const registered = calls.filter(({ name }) => name !== registersHook).map(registeredBy);
  const [first, second] = [...registered, ...readInitializer(program, constants)];
  if (second !== undefined) {
    const what = `it registers itself twice, in lines ${first?.line} and ${second.line}`;
    throw invalid(path, what, 'Keep one of them; put one that is not compiled under #if 0.');
  }
  const hookCalls = calls.filter(({ name }) => name === registersHook);
  const byMacro = hookCalls.map(({ args: [hook = [], called = []], file, line }) => ({
    ...{ file, line, key: hookKey(hook, constants), function: nameOf(called) },
  }));
  const byCode = readAssignments(program, definitions, constants);
  if (first === undefined) {
    if (byMacro.length + byCode.hooks.length === 0) return null;
    throw invalid(path, 'it registers hooks, but not itself', 'Name the file that calls CR_PLUGIN_REGISTER.');
  }
  const untold = byMacro.filter(({ key }) => key === null);
  const told = byMacro.filter((it): it is Found => it.key !== null);
  return {
    structure: 'descriptor',
    name: first.name,
    version: first.version,
    init: first.init,
    exit: first.exit,
    ...sortHooks(withParameters([...first.hooks, ...told, ...byCode.hooks], definitions)),
    obstacles: [
      ...first.obstacles,
      ...untold.map((it) => `which hook is registered in ${where(it)} cannot be told`),
      ...byCode.obstacles,
    ],
    notes: [
      ...nameNotes(first),
      ...codeNotes(byCode.hooks),
      ...countNotes(program, byCode.hooks.length > 0 && calls.length > 0),
    ],
  };
}

function registeredBy({
  name,
  args: [title = [], init = [], exit = []],
  file,
  line,
}: ReturnType<typeof findCalls>[number]): Described {
  const isDummy = name === 'CR_PLUGIN_REGISTER_DUMMY';
  return {
    ...{ file, line },
    name: textOf(title),
    version: versionText(newestVersion),
    init: isDummy ? null : functionOf(nameOf(init)),
    exit: isDummy ? null : functionOf(nameOf(exit)),
    hooks: [],
    obstacles: [],
  };
}

function readFunctions(definitions: readonly Definition[]): Part | null {
  const found = definitions.filter(({ name }) => name.startsWith('cr_plugin_'));
  const visible = found.filter((it) => !it.isStatic);
  const isKnown = ({ name }: Definition): boolean => Object.hasOwn(oldSymbols, name);
  const unseen = found.filter((it) => it.isStatic && isKnown(it));
  const has = (name: OldSymbol): OriginalFunction | null => (visible.some((it) => it.name === name) ? { name } : null);
  if (visible.length === 0) return null;
  const registrations = visible.flatMap((it): Found[] => {
    const key = isKnown(it) ? oldSymbols[it.name as OldSymbol] : it.name;
    return key === 'init' || key === 'exit' ? [] : [{ ...it, key, function: it.name }];
  });
  return {
    structure: 'functions',
    name: null,
    version: versionText(functionsVersion),
    init: has('cr_plugin_init'),
    exit: has('cr_plugin_fini'),
    ...sortHooks(withParameters(registrations, definitions)),
    obstacles: [],
    notes: unseen.map((it) => `${it.name} in ${where(it)} is static: CRIU does not see it`),
  };
}

function withParameters(found: readonly Found[], definitions: readonly Definition[]): readonly Found[] {
  const own = new Map(definitions.filter(({ body }) => body !== null).map((it) => [it.name, it.parameters]));
  return found.map((it) => ({ ...it, parameters: own.get(it.function ?? '') ?? null }));
}

/** Where a registration may be that the words do not show. */
function hidden(program: Preprocessed): readonly string[] {
  const { tokens, unread } = program;
  const strange = unread.filter(({ kind }) => kind === 'other');
  const missing = strange.filter(({ isAngled, why }) => !isAngled || why !== null);
  const foreign = strange.length === 0 ? [] : findForeign(program);
  const assembly = tokens.filter(
    (it, at) => it.kind === 'text' && /\b(cr_plugin_\w|CR_PLUGIN_DESC)/.test(it.text) && isAssembly(tokens, at),
  );
  return [
    ...missing.map(
      (it) => `${include(it)} was not read (${it.why ?? 'it is not beside the source'}): it may register hooks`,
    ),
    ...foreign.map(
      (it) => `${it.text} in ${where(it)} is a macro of a header that was not read: it may register hooks`,
    ),
    ...assembly.map((it) => `the assembly in ${where(it)} is not followed`),
  ];
}

function include({ header, isAngled, ...place }: Unread & Place): string {
  return `#include ${isAngled ? `<${header}>` : `"${header}"`} in ${where(place)}`;
}

function isAssembly(tokens: Preprocessed['tokens'], at: number): boolean {
  const from = tokens.slice(Math.max(0, at - 16), at);
  const begin = from.findLastIndex((it) => /^(__)?asm(__)?$/.test(it.text));
  return begin >= 0 && !from.slice(begin).some((it) => it.kind === 'mark' && it.text === ';');
}

/** Without those that everybody opens. */
function devicesIn({ tokens }: Preprocessed): readonly string[] {
  const paths = tokens.filter(({ kind, text }) => kind === 'text' && /^\/dev\/[\w.:+/-]*\w$/.test(text));
  return paths
    .map(({ text }) => text)
    .filter((it) => !/^\/dev\/(null|zero|full|u?random|tty|pts\b.*|shm\b.*|mem|log|fd\b.*|std\w+)$/.test(it));
}

function nameNotes(described: Described): string[] {
  return described.name === null ? [`the name in ${where(described)} cannot be read here`] : [];
}

function codeNotes(hooks: readonly Found[]): string[] {
  return hooks.map(
    (it) =>
      `${it.function ?? 'a function'} is set as a hook by code, in ${where(it)}: it may depend on what the code finds`,
  );
}

/** The headers that criujs ships count what CR_PLUGIN_REGISTER_HOOK registers, and nothing else. */
function countNotes({ tokens, macros }: Preprocessed, isSetByCode: boolean): string[] {
  const isSaid = macros.has('CRIU_PLUGIN_MAX_HOOKS') || tokens.some((it) => it.text === 'max_hooks');
  return isSetByCode && !isSaid
    ? [
        'code sets hooks and not max_hooks: with the headers of criujs define CRIU_PLUGIN_MAX_HOOKS, or CRIU does not see them',
      ]
    : [];
}
