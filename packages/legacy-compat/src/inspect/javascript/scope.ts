import type { AnyNode, ModuleDeclaration, Statement, VariableDeclaration } from 'acorn';
import type { Binding, Scope } from './evaluate.ts';
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
export function readScope(items: readonly Item[], found: Survey): Scope {
  const scope = new Map<string, Binding>();
  for (const item of items) {
    const isExport = item.type === 'ExportNamedDeclaration' || item.type === 'ExportDefaultDeclaration';
    const declaration = isExport ? item.declaration : item;
    if (declaration?.type === 'VariableDeclaration') readVariables(declaration, found, scope);
    if (declaration?.type === 'FunctionDeclaration' && declaration.id != null) {
      scope.set(declaration.id.name, { kind: 'value', value: { kind: 'function', name: declaration.id.name } });
    }
  }
  return scope;
}

function readVariables({ declarations }: VariableDeclaration, found: Survey, scope: Map<string, Binding>): void {
  for (const { id, init } of declarations) {
    if (id.type !== 'Identifier') continue;
    scope.set(
      id.name,
      found.assigned.has(id.name) || init == null ? { kind: 'value', value: unknown } : bind(id.name, init, found),
    );
  }
}

function bind(name: string, expression: AnyNode, { changed }: Survey): Binding {
  return { kind: 'expression', expression, changed: changed.has(name) };
}
