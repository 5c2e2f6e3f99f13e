import { type Found, isNone, at as where } from './described.ts';
import { type Definition, isDeclared, isMark, placeOf, topLevel } from './find.ts';
import type { Preprocessed } from './preprocess.ts';
import type { Token } from './tokens.ts';
import { hookKey, nameOf, splitAtCommas } from './values.ts';

/** What code does to the descriptor. */
export interface Assigned {
  readonly hooks: readonly Found[];
  readonly obstacles: readonly string[];
}

/** A variable that leads to the descriptor, or to its list of hooks, between these words. */
interface Alias {
  readonly name: string;
  readonly leadsTo: 'descriptor' | 'hooks';
  readonly from: number;
  readonly to: number;
}

const mostAliases = 200;
/** What only looks whether a pointer is there. */
const asks = /^(if|while|assert|BUG_ON)$/;
/** Before the name in a declaration of a pointer to it. */
const typeName = 'cr_plugin_desc_t';
const descriptor = 'CR_PLUGIN_DESC';

/**
 * Hooks that the code of a plugin sets: `CR_PLUGIN_DESC.hooks[…] = …`, through pointers to it and in functions that are given
 * one, too. Whatever else is done to the descriptor's hooks, or which of them it is, cannot be told.
 */
export function readAssignments(
  program: Preprocessed,
  definitions: readonly Definition[],
  constants: ReadonlyMap<string, number>,
): Assigned {
  const { tokens, closeOf } = program;
  const hooks: Found[] = [];
  const obstacles = new Set<string>();
  const declared = new Set(
    topLevel(program).flatMap(({ at, token }) => (token.text === descriptor && isDeclared(tokens, at) ? [at] : [])),
  );
  const aliases: Alias[] = declaredPointers();
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'name' && token.text === descriptor && !declared.has(at)) useOf(at, 'descriptor', true);
  }
  for (let index = 0; index < aliases.length && index < mostAliases; index += 1) followAlias(aliases[index] as Alias);
  if (aliases.length > mostAliases) obstacles.add('too many pointers lead to CR_PLUGIN_DESC');
  return { hooks, obstacles: [...obstacles] };

  function declaredPointers(): Alias[] {
    const found: Alias[] = [];
    for (let at = 0; at < tokens.length && found.length <= mostAliases; at += 1) {
      const name = tokens[at + 2];
      if (tokens[at]?.text !== typeName || !isMark(tokens[at + 1], '*') || name?.kind !== 'name') continue;
      found.push({ name: name.text, leadsTo: 'descriptor', ...scopeOf(at) });
    }
    return found;
  }

  function followAlias({ name, leadsTo, from, to }: Alias): void {
    for (let at = from; at < to; at += 1) {
      const [token, before] = [tokens[at], tokens[at - 1]];
      if (token?.kind !== 'name' || token.text !== name || isMark(before, '.') || isMark(before, '->')) continue;
      useOf(at, leadsTo, false);
    }
  }

  /** @param isItself the descriptor, not a pointer to it */
  function useOf(at: number, leadsTo: Alias['leadsTo'], isItself: boolean): void {
    let [from, to] = [at, at];
    // `(*it)`, `(&CR_PLUGIN_DESC)`
    while (isMark(tokens[from - 1], '(') && isMark(tokens[to + 1], ')') && tokens[from - 2]?.kind !== 'name')
      [from, to] = [from - 1, to + 1];
    const hasSign = isMark(tokens[from - 1], '&') || isMark(tokens[from - 1], '*');
    if (hasSign && isMark(tokens[from - 2], '(') && isMark(tokens[to + 1], ')') && isAccess(to + 2))
      [from, to] = [from - 2, to + 1];
    const isList = leadsTo === 'hooks';
    if (!isList && isAccess(to + 1) && tokens[to + 2]?.text !== 'hooks') return;
    const last = !isList && isAccess(to + 1) ? to + 2 : to;
    const field = isList || last !== to ? 'hooks' : leadsTo;
    if (field === 'hooks' && isMark(tokens[last + 1], '[')) setAt(last + 1);
    else passedOn(last === to ? at : last, from, field, isItself && last === to);
  }

  function isAccess(at: number): boolean {
    return isMark(tokens[at], '.') || isMark(tokens[at], '->');
  }

  /** `[index] = function`; what only reads it is passed over. */
  function setAt(open: number): void {
    const close = closeOf.get(open);
    const token = tokens[open] as Token;
    if (close === undefined || !isMark(tokens[close + 1], '=')) return;
    let end = close + 1;
    while (end < tokens.length && !isMark(tokens[end], ';') && !isMark(tokens[end], ',')) end += 1;
    const key = hookKey(tokens.slice(open + 1, close), constants);
    const called = nameOf(tokens.slice(close + 2, end));
    if (called !== null && isNone(called)) return;
    if (key === null) obstacles.add(`${where(token)} sets a hook, and which one cannot be told`);
    else hooks.push({ ...placeOf(token), key, function: called });
  }

  /** Given to a variable or a function, or something else that is not followed. */
  function passedOn(at: number, from: number, leadsTo: Alias['leadsTo'], isItself: boolean): void {
    const token = tokens[at] as Token;
    const isAddress = isMark(tokens[from - 1], '&');
    const start = isAddress ? from - 1 : from;
    const [before, after, name] = [tokens[start - 1], tokens[at + 1], tokens[start - 2]];
    if (isMark(before, '(') && (name?.text === 'sizeof' || (!isItself && asks.test(name?.text ?? '')))) return;
    if (isItself && !isAddress) {
      obstacles.add(notFollowed(token));
      return;
    }
    // `it = &CR_PLUGIN_DESC`
    if (isMark(before, '=') && name?.kind === 'name') {
      if (name.text !== token.text) add({ name: name.text, leadsTo, ...scopeOf(at) });
      return;
    }
    // A pointer that is declared, compared, or set.
    const isUsed = ['*', '!', '!=', '==', '&&', '||'].some((it) => isMark(before, it)) && !isMark(after, '+');
    if (!isItself && (isUsed || ['=', '==', '!='].some((it) => isMark(after, it)))) return;
    const parameter = parameterFor(start);
    if (parameter === null) obstacles.add(notFollowed(token));
    else add({ ...parameter, leadsTo });
  }

  function notFollowed(token: Token): string {
    return `what ${where(token)} does with ${token.text} is not followed`;
  }

  function add(alias: Alias): void {
    const isKnown = aliases.some((it) => it.name === alias.name && it.from <= alias.from && alias.to <= it.to);
    if (!isKnown) aliases.push(alias);
  }

  /** The parameter of a function of this program that gets the argument which begins here. */
  function parameterFor(start: number): Omit<Alias, 'leadsTo'> | null {
    let [open, depth] = [start - 1, 0];
    for (; open >= 0 && start - open < 1000; open -= 1) {
      const { kind, text } = tokens[open] as Token;
      if (kind !== 'mark') continue;
      if (text === ')' || text === ']') depth += 1;
      if (text === '(' && depth === 0) break;
      if (text === '(' || text === '[') depth -= 1;
      if (text === ';' || text === '{' || text === '}') return null;
    }
    const called = definitions.find((it) => it.name === tokens[open - 1]?.text && it.body !== null);
    const name = called?.parameters[splitAtCommas(tokens.slice(open + 1, start)).length - 1] ?? '';
    return called?.body == null || name === '' ? null : { name, ...called.body };
  }

  /** The function around a word, or all of the program. */
  function scopeOf(at: number): { readonly from: number; readonly to: number } {
    const around = definitions.find(({ body }) => body !== null && body.from < at && at < body.to);
    if (around?.body != null) return around.body;
    // A parameter: in its function's body.
    const next = definitions.find(({ body }) => body !== null && at < body.from);
    const isParameter = next?.body != null && !tokens.slice(at, next.body.from).some((it) => isMark(it, ';'));
    return isParameter && next?.body != null ? next.body : { from: 0, to: tokens.length };
  }
}
