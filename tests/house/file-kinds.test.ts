import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

// A kind of file is known to its table only: everything else walks the table, so that a new kind is a module and a row.

const sources = fileURLToPath(new URL('../../packages/core/src', import.meta.url));
const folder = join(sources, 'files');
const table = 'kinds.ts';

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}

/** What a module imports or exports again, also by types alone or late: the module's name and the names that come from it. */
function importsOf(path: string): { readonly from: string; readonly names: readonly string[] }[] {
  const found: { from: string; names: string[] }[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
      const names = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
      const from = (node.moduleSpecifier as ts.StringLiteral).text;
      found.push({ from, names: names.map(({ name }) => name.text) });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [from] = node.arguments;
      if (from !== undefined && ts.isStringLiteral(from)) found.push({ from: from.text, names: [] });
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return found;
}

/** The names in the array `fileKinds`. */
function rows(): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'fileKinds') {
      const { initializer } = node;
      if (initializer !== undefined && ts.isArrayLiteralExpression(initializer))
        names.push(...initializer.elements.map((element) => element.getText()));
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(join(folder, table)));
  return names;
}

const kindNames = rows();
const kindModules: ReadonlySet<string> = new Set(
  importsOf(join(folder, table))
    .filter(({ names }) => names.some((name) => kindNames.includes(name)))
    .map(({ from }) => basename(from)),
);

test('the table has every kind in a module of its own beside it', () => {
  expect(kindNames.length).toBeGreaterThan(6);
  expect([...kindModules]).toEqual(expect.arrayContaining(['external.ts', 'pipe.ts', 'regular.ts', 'unix.ts']));
});

test('nothing but the table imports a kind of file', () => {
  const offences = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== join('files', table))
    .flatMap((file) => {
      const path = join(sources, file);
      return importsOf(path)
        .filter(({ from }) => from.startsWith('.') && join(path, '..', from).startsWith(`${folder}/`))
        .filter(({ from }) => kindModules.has(basename(from)))
        .map(({ from }) => `${file} imports ${from}`);
    });
  expect(offences).toEqual([]);
});
