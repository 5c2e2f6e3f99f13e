/** What an expression is, as far as the text alone tells. */
export type Value =
  /** With the names that its author gave to it and to its parameters, `''` for what is not a name. */
  | { readonly kind: 'function'; readonly name: string | null; readonly parameters: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly number: number }
  | ObjectValue
  /** Holes are undefined. `whole`: whether these are all items. */
  | { readonly kind: 'list'; readonly items: readonly (Value | undefined)[]; readonly whole: boolean }
  | { readonly kind: 'call'; readonly callee: string; readonly args: readonly Value[] }
  /** `null`, `undefined`, `void 0` */
  | { readonly kind: 'nothing' }
  /** It may be anything. */
  | { readonly kind: 'unknown'; readonly name: string | null };

export interface ObjectValue {
  readonly kind: 'object';
  readonly entries: ReadonlyMap<string, Value>;
  /** Whether these are all entries. */
  readonly whole: boolean;
}

export const nothing: Value = { kind: 'nothing' };
export const unknown: Value = { kind: 'unknown', name: null };

/** What marks a current plugin: `definePlugin` sets it, and a module without the SDK may write it itself. */
const brand = 'Symbol.for(@criujs/plugin)';

/** A property's key that is `Symbol.for('…')`; null: it is another, or computed. */
export function symbolKey(value: Value): string | null {
  const [name] = value.kind === 'call' && value.callee === 'Symbol.for' ? value.args : [];
  return name?.kind === 'text' ? `Symbol.for(${name.text})` : null;
}

/** `definePlugin({ … })`, or what it would make. */
export function isToday(value: Value): boolean {
  if (value.kind === 'object') return value.entries.has(brand);
  return value.kind === 'call' && /(^|\.)definePlugin$/.test(value.callee);
}
