import type { AnyNode, Identifier, ModuleDeclaration, ObjectPattern, Statement, VariableDeclaration } from 'acorn';
import type { Binding, Scope } from './evaluate.ts';
import { functionValue } from './functions.ts';
import { readImports } from './imports.ts';
import type { Modules } from './modules.ts';
import { writtenKey } from './names.ts';
import type { Survey } from './survey.ts';
import { unknown } from './value.ts';

/** What may stand at the top of a module. */
export type Item = Statement | ModuleDeclaration;

/** Statements at the top, also those in blocks and conditions. */
export function inBlocks(item: Item): readonly Item[] {
  if (item.type === 'BlockStatement') return item.body.flatMap(inBlocks);
  if (item.type === 'TryStatement') return item.block.body.flatMap(inBlocks);
  if (item.type !== 'IfStatement') return [item];
  return [item.consequent, ...(item.alternate == null ? [] : [item.alternate])].flatMap(inBlocks);
}

/** What the names at the top of a module stand for. */
export function readScope(items: readonly Item[], found: Survey, modules: Modules): Scope {
  const scope = new Map<string, Binding>();
  for (const item of items) {
    if (item.type === 'ImportDeclaration') for (const it of readImports(item, modules)) scope.set(...it);
    const isExport = item.type === 'ExportNamedDeclaration' || item.type === 'ExportDefaultDeclaration';
    const declaration = isExport ? item.declaration : item;
    if (declaration?.type === 'VariableDeclaration') readVariables(declaration, found, scope);
    if (declaration?.type === 'FunctionDeclaration' && declaration.id != null) {
      scope.set(declaration.id.name, { kind: 'value', value: functionValue(declaration.id.name, declaration.params) });
    }
  }
  return { names: scope, modules };
}

function readVariables({ declarations }: VariableDeclaration, found: Survey, scope: Map<string, Binding>): void {
  for (const { id, init } of declarations) {
    if (id.type === 'ObjectPattern' && init != null) for (const it of takenFrom(init, id, found)) scope.set(...it);
    if (id.type !== 'Identifier') continue;
    scope.set(id.name, init == null ? { kind: 'value', value: unknown } : bind(id, init, null, found));
  }
}

/** `const { a, b: c } = …` */
function takenFrom(
  object: AnyNode,
  { properties }: ObjectPattern,
  found: Survey,
): readonly (readonly [string, Binding])[] {
  return properties.flatMap((it): readonly (readonly [string, Binding])[] => {
    if (it.type === 'RestElement' || it.value.type !== 'Identifier') return [];
    const original = writtenKey(it.key, it.computed);
    if (original === null) return [];
    const { start, end, key: property, computed } = it;
    const member = { type: 'MemberExpression', object, property, computed, optional: false, start, end } as AnyNode;
    return [[it.value.name, bind(it.value, member, original, found)]];
  });
}

function bind({ name }: Identifier, expression: AnyNode, original: string | null, found: Survey): Binding {
  if (found.assigned.has(name)) return { kind: 'value', value: unknown };
  return { kind: 'expression', expression, changed: found.changed.has(name), original };
}
