import { invalid } from '../invalid.ts';
import type { Preprocessed } from './preprocess.ts';
import type { Token } from './tokens.ts';

/** A macro with its arguments. */
export interface Call {
  readonly line: number;
  readonly name: string;
  /** Each as its words. */
  readonly args: readonly (readonly Token[])[];
}

/** A function that the program defines. */
export interface Definition {
  readonly line: number;
  readonly name: string;
  /** A `static` one is not visible outside. */
  readonly isStatic: boolean;
}

/** The maximum number of words before a function's name, and of attributes after its arguments. */
const mostSpecifiers = 32;
const mostAttributes = 16;

/** Whether a word is this mark. */
export function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

/** Calls of these macros outside of functions. @throws PluginError PLUGIN_INVALID: one without end */
export function findCalls(program: Preprocessed, names: readonly string[], path: string): readonly Call[] {
  const { tokens, closeOf } = program;
  const calls: Call[] = [];
  for (const { at, token } of topLevel(program)) {
    if (token.kind !== 'name' || !names.includes(token.text) || !isMark(tokens[at + 1], '(')) continue;
    const end = closeOf.get(at + 1);
    if (end === undefined) {
      const what = `${token.text} in line ${token.line} has no closing parenthesis`;
      throw invalid(path, what, 'Check that the file is complete.');
    }
    calls.push({ line: token.line, name: token.text, args: splitAtCommas(tokens.slice(at + 2, end)) });
  }
  return calls;
}

/** Functions of such names that have a body: a declaration has none, and a call is inside of a function. */
export function findDefinitions(program: Preprocessed, isWanted: (name: string) => boolean): readonly Definition[] {
  const { tokens } = program;
  const found: Definition[] = [];
  for (const { at, token } of topLevel(program)) {
    if (token.kind !== 'name' || !isWanted(token.text) || !isMark(tokens[at + 1], '(')) continue;
    const body = afterArguments(program, at + 1);
    if (!isMark(tokens[body], '{')) continue;
    found.push({ line: token.line, name: token.text, isStatic: specifiers(tokens, at).includes('static') });
  }
  return found;
}

/** Attributes may stand between the arguments and the body. */
function afterArguments({ tokens, closeOf }: Preprocessed, open: number): number {
  let at = (closeOf.get(open) ?? tokens.length) + 1;
  for (let left = mostAttributes; left > 0 && tokens[at]?.kind === 'name'; left -= 1) {
    at = isMark(tokens[at + 1], '(') ? (closeOf.get(at + 1) ?? tokens.length) + 1 : at + 1;
  }
  return at;
}

/** The words between commas that are not inside of any brackets. */
export function splitAtCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (['(', '{', '['].some((it) => isMark(token, it))) depth += 1;
    if ([')', '}', ']'].some((it) => isMark(token, it))) depth -= 1;
    if (depth === 0 && isMark(token, ',')) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** The words outside of all brackets; the braces of `extern "C" { … }` do not count. */
export function topLevel({ tokens, closeOf }: Preprocessed): readonly { readonly at: number; readonly token: Token }[] {
  const found: { at: number; token: Token }[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    const close = isLinkage(tokens, at) ? undefined : closeOf.get(at);
    if (close === undefined) found.push({ at, token });
    else at = close;
  }
  return found;
}

function isLinkage(tokens: readonly Token[], at: number): boolean {
  return isMark(tokens[at], '{') && tokens[at - 1]?.kind === 'text' && tokens[at - 2]?.text === 'extern';
}

/** The words before a function's name, back to the end of what comes before it. */
function specifiers(tokens: readonly Token[], at: number): readonly string[] {
  const before = tokens.slice(Math.max(0, at - mostSpecifiers), at);
  const end = before.findLastIndex((it) => [';', '}', '{'].some((mark) => isMark(it, mark)));
  return before.slice(end + 1).map((it) => it.text);
}
