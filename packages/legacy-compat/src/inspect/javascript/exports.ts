import type { AnyNode, ExportAllDeclaration, ExportNamedDeclaration, Program } from 'acorn';
import { type Found, none, readCommon, wholeExport } from './common.ts';
import { evaluate, type Scope } from './evaluate.ts';
import { functionValue } from './functions.ts';
import { importedFrom, namespaceOf } from './imports.ts';
import type { Modules } from './modules.ts';
import { type Item, inBlocks, readScope } from './scope.ts';
import { survey } from './survey.ts';
import type { Value } from './value.ts';

/** What a module exports, as far as its text tells. */
export interface Exports {
  /** By name; `default` is one of them. */
  readonly named: ReadonlyMap<string, Value>;
  /** Why there may be more, in words. */
  readonly open: readonly string[];
  /** Whether it is CommonJS: what it exports by `export` is none of it. */
  readonly isCommon: boolean;
}

/** Reads the exports of a module, `export` and CommonJS alike. */
export function readExports(program: Program, modules: Modules): Exports {
  const items = program.body.flatMap(inBlocks);
  const surveyed = survey(program);
  const scope = readScope(items, surveyed, modules);
  const found = items.map((it) =>
    it.type === 'ExpressionStatement' ? readCommon(it.expression, scope) : readExport(it, scope),
  );
  const understood = found.reduce((sum, it) => sum + it.places, 0);
  const elsewhere = surveyed.exports > understood ? ['it sets exports outside its top level'] : [];
  const values = found.flatMap((it) => it.entries).filter(([, value]) => value.kind !== 'nothing');
  const open = [...new Set([...found.flatMap((it) => it.open), ...elsewhere])];
  return { named: new Map(values), open, isCommon: understood > 0 };
}

function readExport(item: Item, scope: Scope): Found {
  if (item.type === 'ExportNamedDeclaration') {
    return {
      ...none,
      entries: readNamed(item, scope),
      open: isTakenApart(item) ? ['it takes apart what it exports'] : [],
    };
  }
  if (item.type === 'ExportAllDeclaration') return readAll(item, scope);
  if (item.type === 'ExportDefaultDeclaration') {
    const { declaration } = item;
    const isNamed = declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration';
    const value: Value = isNamed
      ? functionValue(declaration.id?.name ?? null, 'params' in declaration ? declaration.params : [])
      : evaluate(declaration as AnyNode, scope);
    return { ...none, entries: [['default', value]] };
  }
  // TypeScript's `export = …`, which acorn's types do not have.
  if ((item.type as string) !== 'TSExportAssignment') return none;
  return wholeExport(evaluate((item as unknown as { expression: AnyNode }).expression, scope), 0);
}

function readAll({ exported, source }: ExportAllDeclaration, { modules }: Scope): Found {
  const found = modules.open(String(source.value));
  if (exported != null)
    return found === null ? none : { ...none, entries: [[nameOfSpecifier(exported), namespaceOf(found)]] };
  if (found === null) return { ...none, open: [`it exports all of ${String(source.value)}`] };
  return { ...none, entries: [...found.named].filter(([name]) => name !== 'default'), open: found.open };
}

function readNamed(
  { declaration, specifiers, source }: ExportNamedDeclaration,
  scope: Scope,
): readonly (readonly [string, Value])[] {
  const valueOfName = (name: string): Value => evaluate({ type: 'Identifier', name, start: 0, end: 0 }, scope);
  if (declaration?.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) =>
      id.type === 'Identifier' ? [[id.name, valueOfName(id.name)]] : [],
    );
  }
  // TypeScript's types have no value.
  if (declaration?.type === 'FunctionDeclaration' || declaration?.type === 'ClassDeclaration') {
    const parameters = 'params' in declaration ? declaration.params : [];
    return [[declaration.id.name, functionValue(declaration.id.name, parameters)]];
  }
  return specifiers.map(({ local, exported }) => {
    const inside = nameOfSpecifier(local);
    if (source == null) return [nameOfSpecifier(exported), valueOfName(inside)];
    return [nameOfSpecifier(exported), importedFrom(scope.modules.open(String(source.value)), inside)];
  });
}

/** `export const { a } = …`: what that exports is not followed. */
function isTakenApart({ declaration }: ExportNamedDeclaration): boolean {
  return (
    declaration?.type === 'VariableDeclaration' && declaration.declarations.some(({ id }) => id.type !== 'Identifier')
  );
}

function nameOfSpecifier(it: ExportNamedDeclaration['specifiers'][number]['local']): string {
  return it.type === 'Identifier' ? it.name : String(it.value);
}
