import type { Token } from './tokens.ts';

/** What `#define` makes. */
export interface Macro {
  readonly name: string;
  /** null: it takes no arguments. */
  readonly parameters: readonly string[] | null;
  /** The parameter that stands for all other arguments: `__VA_ARGS__`, or a name of its own. */
  readonly rest: string | null;
  readonly body: readonly Token[];
}

/** What is after `#define`; null: it defines nothing. */
export function readMacro([name, open, ...others]: readonly Token[]): Macro | null {
  if (name?.kind !== 'name') return null;
  if (open === undefined) return { name: name.text, parameters: null, rest: null, body: [] };
  // `#define F (x)` stands for `(x)`.
  if (open.text !== '(' || open.spaced)
    return { name: name.text, parameters: null, rest: null, body: [open, ...others] };
  const close = others.findIndex((it) => it.text === ')');
  if (close < 0) return null;
  const parameters: string[] = [];
  let rest: string | null = null;
  for (const { kind, text } of others.slice(0, close)) {
    if (kind === 'name') parameters.push(text);
    // `args...` is GNU's.
    if (text === '...')
      rest = parameters.at(-1) !== undefined && isNamed(others, close) ? (parameters.pop() ?? null) : '__VA_ARGS__';
  }
  return { name: name.text, parameters, rest, body: others.slice(close + 1) };
}

/** Whether the dots follow a name without a comma. */
function isNamed(words: readonly Token[], close: number): boolean {
  return words[close - 1]?.text === '...' && words[close - 2]?.kind === 'name';
}
