import type { Token } from './tokens.ts';

const brackets: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

/** For the position of an opening bracket that of the closing one, where there is one. */
export function pairBrackets(tokens: readonly Token[]): ReadonlyMap<number, number> {
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
