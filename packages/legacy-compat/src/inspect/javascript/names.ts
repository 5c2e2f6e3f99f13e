import type { AnyNode } from 'acorn';

/** What stands around an expression and does not change it. */
const wrappers: readonly string[] = [
  'ParenthesizedExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
];

/** `x as T`, `x satisfies T`, `x!`, `<T>x` and `(x)` are x. */
export function unwrapped(node: AnyNode): AnyNode {
  let inner = node;
  while (wrappers.includes(inner.type)) inner = (inner as unknown as { expression: AnyNode }).expression;
  return inner;
}

/** `a.b.c` as it is written; null: it is more than names and dots. Of `(0, a.b)`, which compilers write, `a.b`. */
export function nameOf(node: { readonly type: string } | null | undefined): string | null {
  const names: string[] = [];
  for (let at = node as AnyNode | null | undefined; at != null; ) {
    const inner = unwrapped(at);
    if (inner.type === 'Identifier') return [inner.name, ...names].join('.');
    if (inner.type === 'SequenceExpression') at = inner.expressions.at(-1);
    else if (inner.type === 'MemberExpression') {
      const key = writtenKey(inner.property, inner.computed);
      if (key === null) return null;
      names.unshift(key);
      at = inner.object;
    } else return null;
  }
  return null;
}

/** The name of a member or property as it is written; null: it is computed. */
export function writtenKey(key: AnyNode, computed: boolean): string | null {
  if (key.type === 'Identifier') return computed ? null : key.name;
  if (key.type !== 'Literal') return null;
  return typeof key.value === 'string' || typeof key.value === 'number' ? String(key.value) : null;
}
