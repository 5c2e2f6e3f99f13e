import type { Exports } from './exports.ts';
import { nothing, unknown, type Value } from './value.ts';

/** A file of JSON as the module that it is to others. @throws SyntaxError */
export function jsonExports(text: string): Exports {
  const value = jsonValue(JSON.parse(text));
  const entries = value.kind === 'object' ? [...value.entries] : [];
  return { named: new Map([...entries, ['default', value]]), open: [], isCommon: true };
}

function jsonValue(it: unknown): Value {
  if (typeof it === 'string') return { kind: 'text', text: it };
  if (typeof it === 'number') return { kind: 'number', number: it };
  if (it === null) return nothing;
  if (Array.isArray(it)) return { kind: 'list', items: it.map(jsonValue), whole: true };
  if (typeof it !== 'object') return unknown;
  return { kind: 'object', entries: new Map(Object.entries(it).map(([key, of]) => [key, jsonValue(of)])), whole: true };
}
