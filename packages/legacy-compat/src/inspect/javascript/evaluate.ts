import type { AnyNode, CallExpression, Property } from 'acorn';
import { nameOf, unwrapped, writtenKey } from './names.ts';
import { nothing, unknown, type Value } from './value.ts';

/** What the names of a module stand for: an expression, or a value that is known without one. */
export type Scope = ReadonlyMap<string, Binding>;

export type Binding =
  /** `changed`: it may have more entries than are written. */
  | { readonly kind: 'expression'; readonly expression: AnyNode; readonly changed: boolean }
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
    const binding = scope.get(name);
    if (binding === undefined) return { kind: 'unknown', name };
    return named(name, binding.kind === 'value' ? binding.value : changed(look(binding.expression), binding.changed));
  },
  FunctionExpression: ({ id }) => ({ kind: 'function', name: id?.name ?? null }),
  ArrowFunctionExpression: () => ({ kind: 'function', name: null }),
  Literal: ({ value }) => {
    if (typeof value === 'string') return { kind: 'text', text: value };
    if (typeof value === 'number') return { kind: 'number', number: value };
    return value === null ? nothing : unknown;
  },
  TemplateLiteral: ({ quasis: [only, ...others] }) => {
    const text = only?.value.cooked;
    return text == null || others.length > 0 ? unknown : { kind: 'text', text };
  },
  UnaryExpression: ({ operator }) => (operator === 'void' ? nothing : unknown),
  AssignmentExpression: ({ right }, look) => look(right),
  ArrayExpression: ({ elements }, look) => {
    let whole = true;
    const items = elements.flatMap((element): readonly (Value | undefined)[] => {
      if (element?.type !== 'SpreadElement') return [element === null ? undefined : look(element)];
      const spread = look(element.argument);
      whole &&= spread.kind === 'list' && spread.whole;
      return spread.kind === 'list' ? spread.items : [];
    });
    return { kind: 'list', items, whole };
  },
  ObjectExpression: ({ properties }, look) => {
    let whole = true;
    const entries = properties.flatMap((property): readonly (readonly [string, Value])[] => {
      const spread = property.type === 'SpreadElement' ? look(property.argument) : undefined;
      const key = property.type === 'SpreadElement' ? null : keyOf(property, look);
      whole &&= spread === undefined ? key !== null : spread.kind === 'object' && spread.whole;
      if (spread !== undefined) return spread.kind === 'object' ? [...spread.entries] : [];
      return key === null || property.type === 'SpreadElement' ? [] : [[key, propertyValue(property, key, look)]];
    });
    return { kind: 'object', entries: new Map(entries), whole };
  },
  CallExpression: ({ callee, arguments: args }: CallExpression, look) => {
    const name = nameOf(callee);
    const [first] = args;
    if (name === 'Object.freeze' && first !== undefined) return look(first);
    return name === null ? unknown : { kind: 'call', callee: name, args: args.map(look) };
  },
  MemberExpression: (node, look) => {
    const owner = look(node.object);
    const key = writtenKey(node.property, node.computed);
    const found = owner.kind === 'object' && key !== null ? owner.entries.get(key) : undefined;
    return found ?? { kind: 'unknown', name: nameOf(node) };
  },
};

/** What an expression is; nothing of it is run. */
export function evaluate(node: AnyNode, scope: Scope, depth = 0): Value {
  if (depth > deepest) return unknown;
  const inner = unwrapped(node);
  // The table makes sure that each gets nodes of its own kind.
  const read = readers[inner.type] as
    | ((node: AnyNode, look: (node: AnyNode) => Value, scope: Scope) => Value)
    | undefined;
  return read?.(inner, (it) => evaluate(it, scope, depth + 1), scope) ?? unknown;
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
  return value.kind === 'text' ? value.text : value.kind === 'number' ? String(value.number) : null;
}

function propertyValue({ kind, method, value }: Property, key: string, look: (node: AnyNode) => Value): Value {
  if (kind !== 'init') return unknown;
  const found = look(value);
  // A method has its key's name, unless that is a number.
  return method && found.kind === 'function' && !/^\d/.test(key) ? { kind: 'function', name: key } : found;
}
