import type { AnyNode, Property } from 'acorn';
import { readCall } from './calls.ts';
import { functionValue } from './functions.ts';
import type { Modules } from './modules.ts';
import { nameOf, unwrapped, writtenKey } from './names.ts';
import { nothing, symbolKey, unknown, type Value } from './value.ts';

/** What the names of a module stand for, and where other modules are. */
export interface Scope {
  readonly names: ReadonlyMap<string, Binding>;
  readonly modules: Modules;
}

/** `original`: the name in the object or module that it was taken from, where that is told. */
export type Binding =
  /** `changed`: it may have more entries than are written. */
  | {
      readonly kind: 'expression';
      readonly expression: AnyNode;
      readonly changed: boolean;
      readonly original: string | null;
    }
  | { readonly kind: 'elsewhere'; readonly original: string | null; readonly read: () => Value }
  | { readonly kind: 'value'; readonly value: Value };

/** Deeper expressions are not looked into. */
const deepest = 40;

type Readers = {
  readonly [T in AnyNode['type']]?: (
    node: Extract<AnyNode, { type: T }>,
    look: (node: AnyNode) => Value,
    scope: Scope,
  ) => Value;
};

/** What kinds of expressions are; of all others nothing is known. */
const readers: Readers = {
  Identifier: ({ name }, look, scope) => {
    if (name === 'undefined') return nothing;
    const binding = scope.names.get(name);
    return binding === undefined ? { kind: 'unknown', name } : named(name, bound(binding, look));
  },
  FunctionExpression: ({ id, params }) => functionValue(id?.name ?? null, params),
  ArrowFunctionExpression: ({ params }) => functionValue(null, params),
  Literal: ({ value }) => {
    if (typeof value === 'string') return { kind: 'text', text: value };
    if (typeof value === 'number') return { kind: 'number', number: value };
    return value === null ? nothing : unknown;
  },
  TemplateLiteral: ({ quasis, expressions }, look) => {
    const parts = quasis.flatMap((it, index): readonly (string | null | undefined)[] => {
      const after = expressions[index];
      return [it.value.cooked, ...(after === undefined ? [] : [textOf(look(after))])];
    });
    return parts.some((it) => it == null) ? unknown : { kind: 'text', text: parts.join('') };
  },
  BinaryExpression: ({ operator, left, right }, look) => {
    if (operator !== '+' || left.type === 'PrivateIdentifier') return unknown;
    const [before, after] = [look(left), look(right)];
    if (before.kind !== 'text' && after.kind !== 'text') return unknown;
    const parts = [textOf(before), textOf(after)];
    return parts.includes(null) ? unknown : { kind: 'text', text: parts.join('') };
  },
  UnaryExpression: ({ operator }) => (operator === 'void' ? nothing : unknown),
  AssignmentExpression: ({ right }, look) => look(right),
  ArrayExpression: ({ elements }, look, { modules }) => {
    let whole = true;
    const items = elements.flatMap((element): readonly (Value | undefined)[] => {
      if (element?.type !== 'SpreadElement') return [element === null ? undefined : look(element)];
      const spread = look(element.argument);
      const isRead = spread.kind === 'list' && modules.spend(spread.items.length);
      whole &&= isRead && spread.whole;
      return isRead ? spread.items : [];
    });
    return { kind: 'list', items, whole };
  },
  ObjectExpression: ({ properties }, look, { modules }) => {
    let whole = true;
    const entries = properties.flatMap((property): readonly (readonly [string, Value])[] => {
      if (property.type === 'SpreadElement') {
        const spread = look(property.argument);
        const isRead = spread.kind === 'object' && modules.spend(spread.entries.size);
        whole &&= isRead && spread.whole;
        return isRead ? [...spread.entries] : [];
      }
      const key = keyOf(property, look);
      whole &&= key !== null;
      return key === null ? [] : [[key, propertyValue(property, key, look)]];
    });
    return { kind: 'object', entries: new Map(entries), whole };
  },
  CallExpression: readCall,
  MemberExpression: (node, look) => {
    const owner = look(node.object);
    const key = writtenKey(node.property, node.computed);
    const found = owner.kind === 'object' && key !== null ? owner.entries.get(key) : undefined;
    return found ?? { kind: 'unknown', name: nameOf(node) };
  },
};

/** What an expression is; nothing of it is run. */
export function evaluate(node: AnyNode, scope: Scope, depth = 0): Value {
  if (depth > deepest || !scope.modules.spend(1)) return unknown;
  const inner = unwrapped(node);
  // The table makes sure that each gets nodes of its own kind.
  const read = readers[inner.type] as
    | ((node: AnyNode, look: (node: AnyNode) => Value, scope: Scope) => Value)
    | undefined;
  return read?.(inner, (it) => evaluate(it, scope, depth + 1), scope) ?? unknown;
}

function bound(binding: Binding, look: (node: AnyNode) => Value): Value {
  if (binding.kind === 'value') return binding.value;
  return binding.kind === 'elsewhere' ? binding.read() : changed(look(binding.expression), binding.changed);
}

/** As it is in a text; null: it is not known. */
function textOf(value: Value): string | null {
  if (value.kind === 'number') return String(value.number);
  return value.kind === 'text' ? value.text : null;
}

/** A function without a name of its own has that of its variable, as in the language. */
function named(name: string, value: Value): Value {
  return (value.kind === 'function' || value.kind === 'unknown') && value.name === null ? { ...value, name } : value;
}

function changed(value: Value, isChanged: boolean): Value {
  return isChanged && (value.kind === 'object' || value.kind === 'list') ? { ...value, whole: false } : value;
}

function keyOf({ key, computed }: Property, look: (node: AnyNode) => Value): string | null {
  const written = writtenKey(key, computed);
  if (written !== null || !computed) return written;
  const value = look(key);
  return textOf(value) ?? symbolKey(value);
}

function propertyValue({ kind, method, value }: Property, key: string, look: (node: AnyNode) => Value): Value {
  if (kind !== 'init') return unknown;
  const found = look(value);
  // A method has its key's name, unless that is a number.
  return method && found.kind === 'function' && !/^\d/.test(key) ? { ...found, name: key } : found;
}
