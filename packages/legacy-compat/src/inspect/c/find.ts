import { invalid } from '../invalid.ts';
import type { Preprocessed } from './preprocess.ts';
import type { Place, Token } from './tokens.ts';
import { splitAtCommas } from './values.ts';

/** A macro with its arguments. */
export interface Call extends Place {
  readonly name: string;
  /** Each as its words. */
  readonly args: readonly (readonly Token[])[];
}

/** A function that the program defines. */
export interface Definition extends Place {
  readonly name: string;
  /** A `static` one is not visible outside. */
  readonly isStatic: boolean;
  /** Names of its parameters; empty text: it has none there. */
  readonly parameters: readonly string[];
  /** Where its body is among the words; null: it is another name for a function (`alias`). */
  readonly body: { readonly from: number; readonly to: number } | null;
}

/** The maximum number of words before a function's name, and of attributes after its arguments. */
const mostSpecifiers = 32;
const mostAttributes = 16;

/** What stands at the begin of a declaration and is no macro of a header. */
const ownOfC =
  /^(_Static_assert|static_assert|_?alignas|_Alignas|(__)?attribute(__)?|(__)?asm(__)?|__extension__|(__)?typeof(__)?|decltype|if|void|bool|char|short|int|long|float|double|signed|unsigned|CR_PLUGIN_REGISTER\w*)$/;

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
    calls.push({ ...placeOf(token), name: token.text, args: splitAtCommas(tokens.slice(at + 2, end)) });
  }
  return calls;
}

/** Functions that have a body, or are another name for one: a declaration has none, and a call is inside of a function. */
export function findDefinitions(program: Preprocessed): readonly Definition[] {
  const { tokens, closeOf } = program;
  const found: Definition[] = [];
  for (const { at, token } of topLevel(program)) {
    const close = closeOf.get(at + 1);
    if (token.kind !== 'name' || !isMark(tokens[at + 1], '(') || close === undefined) continue;
    const body = afterArguments(program, at + 1);
    const to = isMark(tokens[body], '{') ? closeOf.get(body) : undefined;
    const isAlias = tokens.slice(close, body).some((it) => /^(__)?alias(__)?$/.test(it.text));
    if (!isMark(tokens[body], '{') && !isAlias) continue;
    found.push({
      ...placeOf(token),
      name: token.text,
      isStatic: specifiers(tokens, at).includes('static'),
      parameters: parametersOf(tokens.slice(at + 2, close)),
      body: isAlias ? null : { from: body, to: to ?? tokens.length },
    });
  }
  return found;
}

/** Macros of headers that were not read, where a registration could stand. */
export function findForeign({ tokens, closeOf }: Preprocessed): readonly Token[] {
  const found: Token[] = [];
  let begins = true;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (isScope(tokens, at)) {
      begins = true;
      continue;
    }
    const close = closeOf.get(at);
    if (close !== undefined) {
      begins = token.text === '{' && !isMark(tokens[close + 1], ';') && !isMark(tokens[close + 1], ',');
      at = close;
      continue;
    }
    const end = isMark(tokens[at + 1], '(') ? closeOf.get(at + 1) : undefined;
    if (begins && token.kind === 'name' && end !== undefined && !/^(__)?attribute(__)?$/.test(token.text)) {
      if (!ownOfC.test(token.text)) found.push(token);
      at = end;
      continue;
    }
    begins = isMark(token, ';') || isMark(token, '}');
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

/** The last name of each, where it has a type before it. */
function parametersOf(words: readonly Token[]): readonly string[] {
  const parts = splitAtCommas(words).filter((it) => it.length > 0 && it[0]?.text !== '...');
  if (parts.length === 1 && parts[0]?.length === 1 && parts[0][0]?.text === 'void') return [];
  return parts.map((part) => {
    const bracket = part.findIndex((it) => isMark(it, '['));
    const own = (bracket < 0 ? part : part.slice(0, bracket)).filter(
      (it) => !/^__\w+__$/.test(it.text) && it.text !== ')',
    );
    const last = own.at(-1);
    return own.length > 1 &&
      last?.kind === 'name' &&
      !/^(int|char|long|short|unsigned|bool|void|const)$/.test(last.text)
      ? last.text
      : '';
  });
}

/** The words outside of all brackets; the braces of `extern "C" { … }` do not count. */
export function topLevel({ tokens, closeOf }: Preprocessed): readonly { readonly at: number; readonly token: Token }[] {
  const found: { at: number; token: Token }[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    const close = isScope(tokens, at) ? undefined : closeOf.get(at);
    if (close === undefined) found.push({ at, token });
    else at = close;
  }
  return found;
}

/** `extern "C" {` and `namespace {`, `namespace x {`: what is in them is outside of functions, too. */
function isScope(tokens: readonly Token[], at: number): boolean {
  if (!isMark(tokens[at], '{')) return false;
  const [before, first] = [tokens[at - 1], tokens[at - 2]];
  return (
    (before?.kind === 'text' && first?.text === 'extern') || before?.text === 'namespace' || first?.text === 'namespace'
  );
}

/** The words before a function's name, back to the end of what comes before it. */
function specifiers(tokens: readonly Token[], at: number): readonly string[] {
  const before = tokens.slice(Math.max(0, at - mostSpecifiers), at);
  const end = before.findLastIndex((it) => [';', '}', '{'].some((mark) => isMark(it, mark)));
  return before.slice(end + 1).map((it) => it.text);
}

/** Whether it is the name of what is declared or defined there: a type is before it. */
export function isDeclared(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  return before?.kind === 'name' || isMark(before, '}') || isMark(before, ')');
}

export function placeOf({ file, line }: Place): Place {
  return { file, line };
}
