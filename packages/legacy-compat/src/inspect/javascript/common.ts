import type { AnyNode, AssignmentExpression, CallExpression } from 'acorn';
import { evaluate, type Scope } from './evaluate.ts';
import { nameOf, writtenKey } from './names.ts';
import { isToday, unknown, type Value } from './value.ts';

/** What a statement exports. */
export interface Found {
  readonly entries: readonly (readonly [string, Value])[];
  /** Why there may be more, in words. */
  readonly open: readonly string[];
  /** How often `exports` stands in what was understood. */
  readonly places: number;
}

export const none: Found = { entries: [], open: [], places: 0 };
const computed = ['it computes names of exports'];

/**
 * CommonJS: `exports.name = …`, `module.exports = …`, `Object.assign(exports, …)`, `Object.defineProperty(exports, 'name', …)`.
 */
export function readCommon(expression: AnyNode, scope: Scope): Found {
  if (expression.type === 'AssignmentExpression') return readAssignment(expression, scope);
  if (expression.type === 'CallExpression') return readCall(expression, scope);
  return expression.type === 'SequenceExpression'
    ? join(expression.expressions.map((it) => readCommon(it, scope)))
    : none;
}

/** All of what is exported: each of its entries is an export too, as Node makes it. */
export function wholeExport(value: Value, places: number): Found {
  return { ...entriesOf(value, places), entries: [...entriesOf(value, places).entries, ['default', value]] };
}

function entriesOf(value: Value, places: number): Found {
  const isRead = value.kind === 'object' ? value.whole : isToday(value);
  return {
    places,
    entries: value.kind === 'object' ? [...value.entries] : [],
    open: isRead ? [] : ['it exports an object of which not everything can be read'],
  };
}

function readAssignment({ left, right }: AssignmentExpression, scope: Scope): Found {
  // `exports.a = exports.b = void 0`
  const more = right.type === 'AssignmentExpression' ? readAssignment(right, scope) : none;
  const value = evaluate(right, scope);
  if (isExports(left)) return join([more, wholeExport(value, 1)]);
  if (left.type !== 'MemberExpression' || !isExports(left.object)) return more;
  const key = writtenKey(left.property, left.computed);
  const places = left.object.type === 'ThisExpression' ? 0 : 1;
  return join([more, { places, entries: key === null ? [] : [[key, value]], open: key === null ? computed : [] }]);
}

function readCall({ callee, arguments: [target, second, third] }: CallExpression, scope: Scope): Found {
  if (target === undefined || second === undefined || !isExports(target)) return none;
  const name = nameOf(callee);
  if (name === 'Object.assign') return entriesOf(evaluate(second, scope), 1);
  if (name !== 'Object.defineProperty') return none;
  const key = evaluate(second, scope);
  const property = third === undefined ? unknown : evaluate(third, scope);
  const value = property.kind === 'object' ? (property.entries.get('value') ?? unknown) : unknown;
  return {
    places: 1,
    entries: key.kind === 'text' ? [[key.text, value]] : [],
    open: key.kind === 'text' ? [] : computed,
  };
}

/** At the top of a CommonJS module `this` is `exports`, too. */
function isExports(node: AnyNode): boolean {
  if (node.type === 'ThisExpression') return true;
  const name = nameOf(node);
  return name === 'exports' || name === 'module.exports';
}

function join(found: readonly Found[]): Found {
  return {
    entries: found.flatMap((it) => it.entries),
    open: found.flatMap((it) => it.open),
    places: found.reduce((sum, it) => sum + it.places, 0),
  };
}
