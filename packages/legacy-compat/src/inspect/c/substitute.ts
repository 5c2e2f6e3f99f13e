import type { Macro } from './macros.ts';
import type { Place, Token } from './tokens.ts';

/** The words of an argument, as they are written and with macros applied. */
export interface Argument {
  readonly written: readonly Token[];
  readonly expanded: () => readonly Token[];
}

const none: Argument = { written: [], expanded: () => [] };

/**
 * What a macro becomes with its arguments: parameters, `#`, `##` and `__VA_OPT__` (C23, 6.10.5). It is all where it is used.
 * @param spend whether so many words may still be made
 */
export function substitute(
  macro: Macro,
  given: readonly Argument[],
  place: Place,
  spend: (count: number) => boolean,
): readonly Token[] {
  const { parameters, rest } = macro;
  const named = new Map((parameters ?? []).map((name, index) => [name, given[index] ?? none]));
  if (rest !== null) named.set(rest, joined(given.slice(parameters?.length ?? 0), place));
  return part(optional(macro.body, rest === null ? none : (named.get(rest) ?? none)));

  function part(body: readonly Token[]): readonly Token[] {
    const out: Token[] = [];
    for (let at = 0; at < body.length; at += 1) {
      const word = body[at] as Token;
      const [after, argument] = [body[at + 1], named.get(word.text)];
      const isPasted = body[at - 1]?.text === '##';
      if (word.text === '##' && at > 0 && at < body.length - 1) continue;
      if (word.text === '#' && after !== undefined && named.has(after.text)) {
        put(out, [textOf(named.get(after.text) ?? none, word, place)], isPasted);
        at += 1;
      } else if (argument === undefined || word.kind !== 'name') put(out, [{ ...word, ...place }], isPasted);
      else if (isPasted && word.text === rest && out.at(-1)?.text === ',') comma(out, argument);
      else put(out, isPasted || after?.text === '##' ? argument.written : argument.expanded(), isPasted);
    }
    return out.filter((it) => it.text !== '' || it.kind === 'text');
  }

  /** GNU's `, ## __VA_ARGS__`: without arguments the comma goes. */
  function comma(out: Token[], { written, expanded }: Argument): void {
    if (written.length === 0) out.pop();
    else put(out, expanded(), false);
  }

  /** An argument of no words is a word of no letters as long as something may be pasted to it. */
  function put(out: Token[], words: readonly Token[], isPasted: boolean): void {
    if (!spend(words.length + 1)) return;
    const first = words[0] ?? ({ kind: 'mark', text: '', spaced: false, ...place } as const);
    const before = isPasted ? out.pop() : undefined;
    out.push(before === undefined ? first : pasted(before, first));
    for (let at = 1; at < words.length; at += 1) out.push(words[at] as Token);
  }
}

function pasted(left: Token, right: Token): Token {
  const text = left.text + right.text;
  if (left.text === '' || right.text === '') return left.text === '' ? right : left;
  const kind = /^[A-Za-z_$]\w*$/.test(text) ? 'name' : /^\.?\d/.test(text) ? 'number' : 'mark';
  return { kind, text, file: left.file, line: left.line, spaced: left.spaced };
}

function textOf({ written }: Argument, { spaced }: Token, place: Place): Token {
  const words = written.map((it, index) => {
    const text = it.kind === 'text' ? `\\"${it.text.replaceAll(/[\\"]/g, '\\$&')}\\"` : it.text;
    return index > 0 && it.spaced ? ` ${text}` : text;
  });
  return { kind: 'text', text: words.join(''), spaced, ...place };
}

function joined(given: readonly Argument[], place: Place): Argument {
  const comma: Token = { kind: 'mark', text: ',', spaced: false, ...place };
  const join = (lists: readonly (readonly Token[])[]): readonly Token[] =>
    lists.flatMap((it, index) => (index === 0 ? it : [comma, ...it]));
  return { written: join(given.map((it) => it.written)), expanded: () => join(given.map((it) => it.expanded())) };
}

/** `__VA_OPT__(words)`: the words, where there is a further argument. */
function optional(body: readonly Token[], { written }: Argument): readonly Token[] {
  const at = body.findIndex((it, index) => it.text === '__VA_OPT__' && body[index + 1]?.text === '(');
  if (at < 0) return body;
  let [end, depth] = [at + 1, 0];
  for (; end < body.length; end += 1) {
    if (body[end]?.text === '(') depth += 1;
    if (body[end]?.text === ')') depth -= 1;
    if (depth === 0) break;
  }
  const inner = written.length === 0 ? [] : body.slice(at + 2, end);
  return [...body.slice(0, at), ...inner, ...body.slice(end + 1)];
}
