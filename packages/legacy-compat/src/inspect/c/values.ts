import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { numberOf } from './condition.ts';
import type { Preprocessed } from './preprocess.ts';
import type { Token } from './tokens.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '0': '\0', '"': '"', "'": "'", '\\': '\\' };
const hookPrefix = 'CR_PLUGIN_HOOK__';
const mostConstants = 10_000;

/** A text, also one of several parts (`"a" "b"`); null: it is none that can be read. */
export function textOf(words: readonly Token[]): string | null {
  const parts = withoutParentheses(words).map(({ kind, text }) => (kind === 'text' ? withoutEscapes(text) : null));
  return parts.length === 0 || parts.includes(null) ? null : parts.join('');
}

/** The one name that an argument is, after `&`, casts and parentheses; null: it is more than that. */
export function nameOf(words: readonly Token[]): string | null {
  // `(void *)dump`, `&dump`
  const bare = withoutParentheses(withoutCasts(words)).filter((it) => it.text !== '&');
  const [word, ...others] = bare;
  if (word === undefined || others.length > 0 || (word.kind !== 'name' && word.kind !== 'number')) return null;
  return word.text;
}

/** A hook as a list of them names it: CRIU's name or its number; null: its source does not tell which one it is. */
export function hookKey(words: readonly Token[], constants: ReadonlyMap<string, number>): string | number | null {
  const name = nameOf(words);
  if (name?.startsWith(hookPrefix) === true && name !== `${hookPrefix}MAX` && !constants.has(name)) return name;
  return numberOf(withoutParentheses(withoutCasts(words)), constants);
}

/** Names of numbers: those of CRIU's hooks, and what the program's own `enum`s have. */
export function constantsOf({ tokens, closeOf }: Preprocessed): ReadonlyMap<string, number> {
  const hooks = Object.entries(hookTable) as [HookName, { readonly number: number }][];
  const constants = new Map<string, number>(hooks.map(([name, { number }]) => [`${hookPrefix}${name}`, number]));
  constants.set(`${hookPrefix}MAX`, hooks.length);
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'name' || text !== 'enum') continue;
    const open = tokens.slice(at + 1, at + 4).findIndex((it) => it.text === '{') + at + 1;
    const close = closeOf.get(open);
    if (open > at && close !== undefined) addEnum(tokens.slice(open + 1, close), constants);
  }
  return constants;
}

function addEnum(words: readonly Token[], constants: Map<string, number>): void {
  let next: number | null = 0;
  for (const [name, equals, ...rest] of splitAtCommas(words)) {
    if (name === undefined || constants.size > mostConstants) continue;
    if (equals !== undefined) next = numberOf(withoutCasts(rest), constants);
    if (next === null) continue;
    constants.set(name.text, next);
    next += 1;
  }
}

/** The words between commas that are not inside of any brackets. */
export function splitAtCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    const mark = token.kind === 'mark' ? token.text : '';
    if (mark === '(' || mark === '{' || mark === '[') depth += 1;
    if (mark === ')' || mark === '}' || mark === ']') depth -= 1;
    if (depth === 0 && mark === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** `(void *)x` and `(cast)(x)` are x; `static_cast<void *>(x)` too. */
function withoutCasts(words: readonly Token[]): readonly Token[] {
  let rest = words;
  for (let left = 4; left > 0; left -= 1) {
    const [first] = rest;
    const close = rest.findIndex((it) => it.text === (first?.text.endsWith('_cast') === true ? '>' : ')'));
    const isCast = first?.text === '(' || first?.text.endsWith('_cast') === true;
    if (!isCast || close <= 0 || close >= rest.length - 1) return rest;
    rest = rest.slice(close + 1);
  }
  return rest;
}

function withoutParentheses(words: readonly Token[]): readonly Token[] {
  let [from, to] = [0, words.length - 1];
  while (from < to && words[from]?.text === '(' && words[to]?.text === ')') [from, to] = [from + 1, to - 1];
  return words.slice(from, to + 1);
}

function withoutEscapes(text: string): string {
  return text.replaceAll(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole);
}
