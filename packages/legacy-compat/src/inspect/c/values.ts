import type { Token } from './tokens.ts';

/** A name may stand for another one, at most this many times. */
const deepest = 16;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '0': '\0', '"': '"', "'": "'", '\\': '\\' };

/** A text, also one of several parts (`"a" "b"`), or of a macro; null: it is none that can be read. */
export function textOf(words: readonly Token[], macros: ReadonlyMap<string, string>): string | null {
  const parts = withoutParentheses(words).map(({ kind, text }) => {
    if (kind === 'text') return withoutEscapes(text);
    return kind === 'name' ? macroText(text, macros) : null;
  });
  return parts.length === 0 || parts.includes(null) ? null : parts.join('');
}

function macroText(name: string, macros: ReadonlyMap<string, string>): string | null {
  const value = followed(name, macros);
  const quoted = /^\(?\s*"((?:[^"\\]|\\.)*)"\s*\)?$/.exec(value);
  return quoted === null ? null : withoutEscapes(quoted[1] ?? '');
}

/** The one name that an argument is, after `&`, casts and parentheses; null: it is more than that. */
export function nameOf(words: readonly Token[], macros: ReadonlyMap<string, string>): string | null {
  // `(void *)dump`, `&dump`
  const bare = withoutParentheses(words.slice(afterCast(words))).filter((it) => it.text !== '&');
  const [word, ...others] = bare;
  if (word === undefined || others.length > 0 || (word.kind !== 'name' && word.kind !== 'number')) return null;
  return followed(word.text, macros);
}

/** What a name stands for, if that is again a name, number or text. */
function followed(name: string, macros: ReadonlyMap<string, string>): string {
  let [value, left] = [name, deepest];
  for (let next = macros.get(value); next !== undefined && left > 0; next = macros.get(value)) {
    [value, left] = [next.replace(/^\(\s*(\w+)\s*\)$/, '$1'), left - 1];
  }
  return value;
}

function afterCast(words: readonly Token[]): number {
  if (words[0]?.text !== '(') return 0;
  const close = words.findIndex((it) => it.text === ')');
  return close > 0 && close < words.length - 1 ? close + 1 : 0;
}

function withoutParentheses(words: readonly Token[]): readonly Token[] {
  let [from, to] = [0, words.length - 1];
  while (from < to && words[from]?.text === '(' && words[to]?.text === ')') [from, to] = [from + 1, to - 1];
  return words.slice(from, to + 1);
}

function withoutEscapes(text: string): string {
  return text.replaceAll(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole);
}
