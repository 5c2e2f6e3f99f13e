import { functionsVersion, newestVersion, versionText } from '../versions.ts';
import { type Described, type Found, functionOf, isNone, at as where } from './described.ts';
import { isDeclared, isMark, placeOf, topLevel } from './find.ts';
import type { Preprocessed } from './preprocess.ts';
import type { Place, Token } from './tokens.ts';
import { hookKey, nameOf, splitAtCommas, textOf } from './values.ts';

/** CRIU's own names of versions (criu-plugin.h). */
const versions: Readonly<Record<string, number>> = {
  CRIU_PLUGIN_VERSION: newestVersion,
  CRIU_PLUGIN_VERSION_OLD: functionsVersion,
};

/** The fields in their order in memory, for an initializer that names none. */
const order = ['name', 'init', 'exit', 'version', 'max_hooks', 'hooks'];
/** More than any list of hooks has. */
const mostHooks = 1024;

type Constants = ReadonlyMap<string, number>;

/** A `CR_PLUGIN_DESC = { .name = …, .hooks = { [CR_PLUGIN_HOOK__…] = … } }` that is written without CRIU's macros. */
export function readInitializer(program: Preprocessed, constants: Constants): readonly Described[] {
  const { tokens, closeOf } = program;
  return topLevel(program).flatMap(({ at, token }): Described[] => {
    if (token.text !== 'CR_PLUGIN_DESC' || !isDeclared(tokens, at)) return [];
    const [equals, open] = [tokens[at + 1], tokens[at + 2]];
    // `cr_plugin_desc_t CR_PLUGIN_DESC;` is filled by code. One that is `extern` is elsewhere.
    if (isMark(equals, ';') && !isElsewhere(tokens, at)) return [{ ...nothing, ...placeOf(token) }];
    if (!isMark(equals, '=')) return [];
    const end = isMark(open, '{') ? closeOf.get(at + 2) : undefined;
    if (end !== undefined) return [described(tokens.slice(at + 3, end), token, constants)];
    return [{ ...nothing, ...placeOf(token), obstacles: [`CR_PLUGIN_DESC in ${where(token)} is not written out`] }];
  });
}

const nothing = { name: null, version: null, init: null, exit: null, hooks: [], obstacles: [] } as const;

function isElsewhere(tokens: readonly Token[], at: number): boolean {
  const before = tokens.slice(Math.max(0, at - 8), at);
  return before
    .slice(before.findLastIndex((it) => isMark(it, ';') || isMark(it, '}')) + 1)
    .some((it) => it.text === 'extern');
}

function described(words: readonly Token[], place: Place, constants: Constants): Described {
  const fields = new Map<string, readonly Token[]>();
  const singly: (readonly Token[])[] = [];
  let position = 0;
  for (const part of splitAtCommas(words)) {
    const [first, name, after, ...rest] = part;
    if (first === undefined) continue;
    const isNamed = isMark(first, '.') && name !== undefined;
    if (isNamed) position = order.indexOf(name.text);
    // `.hooks[2] = dump`
    if (isNamed && isMark(after, '[')) singly.push(part.slice(2));
    else fields.set(order[position] ?? '', isNamed ? rest : part);
    position += 1;
  }
  const list = fields.get('hooks') ?? [];
  const isList = list.length === 0 || isMark(list[0], '{');
  const hooks = [...(isList ? splitAtCommas(list.slice(1, -1)) : []), ...singly];
  return {
    ...placeOf(place),
    name: textOf(fields.get('name') ?? []),
    version: versionOf(nameOf(fields.get('version') ?? [])),
    init: functionOf(nameOf(fields.get('init') ?? [])),
    exit: functionOf(nameOf(fields.get('exit') ?? [])),
    ...hooksOf(hooks, constants),
    ...(isList ? {} : { obstacles: [`the hooks of CR_PLUGIN_DESC in ${where(place)} are not written out`] }),
  };
}

function versionOf(word: string | null): string | null {
  const number = word === null ? Number.NaN : (versions[word] ?? Number(word));
  return Number.isInteger(number) ? versionText(number) : null;
}

function hooksOf(parts: readonly (readonly Token[])[], constants: Constants): Pick<Described, 'hooks' | 'obstacles'> {
  const hooks: Found[] = [];
  const obstacles: string[] = [];
  let next = 0;
  for (const part of parts) {
    const [first = null] = part;
    if (first === null) continue;
    const close = part.findIndex((it) => isMark(it, ']'));
    const isNamed = isMark(first, '[') && close > 0 && isMark(part[close + 1], '=');
    const keys = isNamed ? keysOf(part.slice(1, close), constants) : [next];
    const called = nameOf(isNamed ? part.slice(close + 2) : part);
    const last = keys.at(-1);
    next = typeof last === 'number' ? last + 1 : Number.NaN;
    if (keys.length === 0 || keys.some(Number.isNaN)) {
      next = Number.NaN;
      obstacles.push(`which hook is set in ${where(first)} cannot be told`);
    } else if (called === null || !isNone(called)) {
      hooks.push(...keys.map((key): Found => ({ ...placeOf(first), key, function: called })));
    }
  }
  return { hooks, obstacles };
}

/** `[3]`, or GNU's `[2 ... 4]`; none: it cannot be told. */
function keysOf(words: readonly Token[], constants: Constants): readonly (string | number)[] {
  const dots = words.findIndex((it) => isMark(it, '...'));
  const from = numberFor(hookKey(dots < 0 ? words : words.slice(0, dots), constants), constants);
  if (from === null) return [];
  if (dots < 0) return [from];
  const to = numberFor(hookKey(words.slice(dots + 1), constants), constants);
  if (typeof from !== 'number' || typeof to !== 'number' || to < from || to - from > mostHooks) return [];
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** A name that no header of CRIU has stays a name. */
function numberFor(key: string | number | null, constants: Constants): string | number | null {
  return typeof key === 'string' ? (constants.get(key) ?? key) : key;
}
