import { type OldSymbol, oldSymbols } from '../../symbols.ts';
import { type Registration, sortHooks } from '../hook-names.ts';
import type { CInspection, OriginalFunction } from '../inspection.ts';
import { invalid } from '../invalid.ts';
import { functionsVersion, newestVersion, versionText } from '../versions.ts';
import { type Described, functionOf } from './described.ts';
import { type Definition, findCalls, findDefinitions } from './find.ts';
import { readInitializer } from './initializer.ts';
import { type Preprocessed, preprocess } from './preprocess.ts';
import { tokenize } from './tokens.ts';
import { nameOf, textOf } from './values.ts';

/** CRIU's macros (criu-plugin.h). */
const macros = ['CR_PLUGIN_REGISTER', 'CR_PLUGIN_REGISTER_DUMMY', 'CR_PLUGIN_REGISTER_HOOK'];

type Plugin = Omit<CInspection, 'format' | 'path'>;

/**
 * Reads a plugin in C: CRIU's macros in any layout, a `CR_PLUGIN_DESC` that is written out, or else the functions with fixed
 * names that it defines. Text under `#if 0` is left out; other conditions are taken as true, and noted. Headers are not read.
 * @throws PluginError PLUGIN_INVALID
 */
export function inspectC(text: string, path: string): CInspection {
  const program = preprocess(tokenize(text, path));
  const plugin = readDescribed(program, path) ?? readFunctions(program);
  if (plugin !== null) return { format: 'c', path, ...plugin };
  const what =
    'it neither calls CR_PLUGIN_REGISTER nor defines a function of the old structure (cr_plugin_init and its like)';
  throw invalid(path, what, 'Name the file of the plugin that registers it, or the compiled plugin (.so).');
}

function readDescribed(program: Preprocessed, path: string): Plugin | null {
  const calls = findCalls(program, macros, path);
  const hookCalls = calls.filter(({ name }) => name === 'CR_PLUGIN_REGISTER_HOOK');
  const registered = calls
    .filter((it) => !hookCalls.includes(it))
    .map(({ name, line, args: [title = [], init = [], exit = []] }): Described => {
      const dummy = name === 'CR_PLUGIN_REGISTER_DUMMY';
      return {
        line,
        name: textOf(title, program.macros),
        version: versionText(newestVersion),
        init: dummy ? null : functionOf(nameOf(init, program.macros)),
        exit: dummy ? null : functionOf(nameOf(exit, program.macros)),
        hooks: [],
      };
    });
  const [first, second] = [...registered, ...readInitializer(program)];
  if (second !== undefined) {
    const what = `it registers itself twice, in lines ${first?.line} and ${second.line}`;
    throw invalid(path, what, 'Keep one of them; put one that is not compiled under #if 0.');
  }
  const set = hookCalls.map(({ line, args: [hook = [], called = []] }) => ({
    line,
    key: nameOf(hook, program.macros) ?? hook.map((it) => it.text).join(' '),
    function: nameOf(called, program.macros),
  }));
  if (first === undefined) {
    if (set.length > 0)
      throw invalid(path, 'it registers hooks, but not itself', 'Name the file that calls CR_PLUGIN_REGISTER.');
    return null;
  }
  return {
    structure: 'descriptor',
    name: first.name,
    version: first.version,
    init: first.init,
    exit: first.exit,
    ...sortHooks([...first.hooks, ...set]),
    complete: true,
    notes: [...nameNotes(first), ...conditionNotes(program, [first, ...set])],
  };
}

function readFunctions(program: Preprocessed): Plugin | null {
  const found = findDefinitions(program, (name) => name.startsWith('cr_plugin_'));
  const visible = found.filter((it) => !it.isStatic);
  const isKnown = ({ name }: Definition): boolean => Object.hasOwn(oldSymbols, name);
  const hidden = found.filter((it) => it.isStatic && isKnown(it));
  if (visible.length === 0) return null;
  const has = (name: OldSymbol): OriginalFunction | null => (visible.some((it) => it.name === name) ? { name } : null);
  const registrations = visible.flatMap((it): Registration[] => {
    const key = isKnown(it) ? oldSymbols[it.name as OldSymbol] : it.name;
    return key === 'init' || key === 'exit' ? [] : [{ key, function: it.name }];
  });
  return {
    structure: 'functions',
    name: null,
    version: versionText(functionsVersion),
    init: has('cr_plugin_init'),
    exit: has('cr_plugin_fini'),
    ...sortHooks(registrations),
    complete: true,
    notes: [
      ...hidden.map(({ name, line }) => `${name} in line ${line} is static: CRIU does not see it`),
      ...conditionNotes(program, visible),
    ],
  };
}

function nameNotes({ name, line }: Described): string[] {
  return name === null ? [`the name in line ${line} cannot be read here`] : [];
}

function conditionNotes({ conditionsAt }: Preprocessed, found: readonly { readonly line: number }[]): string[] {
  const conditions = new Set(found.flatMap(({ line }) => conditionsAt(line)));
  return [...conditions].map((it) => `some of it is under \`${it}\`, which was taken as true`);
}
