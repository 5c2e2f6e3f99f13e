import type { AnyNode } from 'acorn';
import type { Value } from './value.ts';

/** A function as it is written. */
export function functionValue(name: string | null, parameters: readonly AnyNode[]): Value {
  return { kind: 'function', name, parameters: parameters.map(parameterName) };
}

function parameterName(node: AnyNode): string {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'AssignmentPattern' ? parameterName(node.left) : '';
}
