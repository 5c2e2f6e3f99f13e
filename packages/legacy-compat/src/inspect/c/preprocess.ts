import type { Directive, Token } from './tokens.ts';

/** A program after the part of the preprocessor's work that can be done without its headers and settings. */
export interface Preprocessed {
  readonly tokens: readonly Token[];
  /** For the position of an opening bracket that of the closing one, where there is one. */
  readonly closeOf: ReadonlyMap<number, number>;
  /** What a name stands for: `#define NAME "text"`, and the like without arguments. */
  readonly macros: ReadonlyMap<string, string>;
  /** The condition that a line is under, innermost last: it was taken as true. */
  conditionsAt(line: number): readonly string[];
}

/** Longer lines of the preprocessor are not read to their end. */
const longest = 4096;
const brackets: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

interface Condition {
  readonly text: string;
  /** What is known of it: `#if 0`, `#if 1`. */
  readonly known: boolean | undefined;
  /** Whether the present part of it counts. */
  taken: boolean;
  readonly from: number;
}

/** A condition, and the lines that it is over. */
interface Span {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Leaves out what is under `#if 0`, and the `#else` of `#if 1`; every other condition is taken as true, with its `#else` too,
 * since nobody knows the settings of a build. Headers are not read. What macros would become is not looked at.
 */
export function preprocess(words: readonly (Token | Directive)[]): Preprocessed {
  const tokens: Token[] = [];
  const macros = new Map<string, string>();
  const open: Condition[] = [];
  const spans: Span[] = [];
  for (const word of words) {
    const counts = open.every((it) => it.taken);
    if (word.kind === 'directive') readDirective(word, counts);
    else if (counts) tokens.push(word);
  }
  const conditionsAt = (line: number): readonly string[] =>
    spans.filter(({ from, to }) => from < line && line < to).map(({ text }) => text);
  return { tokens, closeOf: pairBrackets(tokens), macros, conditionsAt };

  function readDirective({ text, line }: Directive, counts: boolean): void {
    const [, name = '', rest = ''] = /^#\s*(\w*)\s*([\s\S]*)$/.exec(withoutComments(text.slice(0, longest))) ?? [];
    if (name === 'define' && counts) define(rest);
    if (name.startsWith('if')) begin(`#${name} ${rest}`, name === 'if' ? rest : '', line);
    const last = open.at(-1);
    if (last === undefined) return;
    if (name === 'else' || name.startsWith('elif')) last.taken = last.known !== true;
    if (name !== 'endif') return;
    open.pop();
    if (last.known === undefined) spans.push({ text: last.text, from: last.from, to: line });
  }

  function define(rest: string): void {
    const [, name, value] = /^(\w+)\s+(\S.*)$/.exec(rest) ?? [];
    if (name !== undefined && value !== undefined) macros.set(name, value);
  }

  function begin(text: string, condition: string, line: number): void {
    const known = condition === '0' ? false : condition === '1' ? true : undefined;
    open.push({ text, known, taken: known !== false, from: line });
  }
}

function withoutComments(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/.*/g, (_, quoted?: string) => quoted ?? ' ').trim();
}

function pairBrackets(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: { at: number; close: string }[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'mark') continue;
    const close = brackets[text];
    if (close !== undefined) open.push({ at, close });
    if (text !== open.at(-1)?.close) continue;
    pairs.set(open.pop()?.at ?? at, at);
  }
  return pairs;
}
