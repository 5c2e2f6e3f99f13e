import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

// A kind is known to its table only: everything else walks the table, so that a new kind is a module and a row.

const sources = fileURLToPath(new URL('../../packages/core/src', import.meta.url));

/** The tables: where each is, what it is called, and some kinds that it has. */
const tables: readonly {
  readonly folder: string;
  readonly file: string;
  readonly name: string;
  readonly has: readonly string[];
}[] = [
  {
    folder: 'kinds/files',
    file: 'table.ts',
    name: 'fileKinds',
    has: ['external.ts', 'pipe.ts', 'regular.ts', 'unix/outside.ts'],
  },
  {
    folder: 'kinds/processes',
    file: 'table.ts',
    name: 'processKinds',
    has: ['limits.ts', 'posix-timers.ts', 'seccomp.ts'],
  },
  { folder: 'kinds/threads', file: 'table.ts', name: 'threadKinds', has: ['credentials.ts', 'registers.ts'] },
  {
    folder: 'kinds/maps',
    file: 'table.ts',
    name: 'mapKinds',
    has: ['anonymous.ts', 'shared-memory.ts', 'unsupported.ts'],
  },
  { folder: 'kinds/traits', file: 'table.ts', name: 'traitKinds', has: ['guards.ts', 'names.ts', 'seals.ts'] },
  { folder: 'kinds/objects', file: 'table.ts', name: 'objectKinds', has: ['shared-memory.ts'] },
  { folder: 'kinds/trees', file: 'table.ts', name: 'treeKinds', has: ['clocks.ts', 'sessions.ts', 'sharing.ts'] },
];

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

/** The names in the array that is a table. */
function rowsOf(path: string, table: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === table) {
      const { initializer } = node;
      if (initializer !== undefined && ts.isArrayLiteralExpression(initializer))
        names.push(...initializer.elements.map((element) => element.getText().replace(/^\.\.\./, '')));
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return names;
}

const modules = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);

describe.each(tables)('$name', ({ folder, file, name, has }) => {
  const table = join(folder, file);
  const rows = rowsOf(join(sources, table), name);
  const kinds: ReadonlySet<string> = new Set(
    importsOf(join(sources, table))
      .filter(({ names }) => names.some((it) => rows.includes(it)))
      .map(({ from }) => join(sources, folder, from)),
  );

  test('has every kind in a module of its own beside it', () => {
    expect([...kinds]).toEqual(expect.arrayContaining(has.map((it) => join(sources, folder, it))));
  });

  test('is the only one that imports them', () => {
    const offences = modules
      .filter((it) => it !== table)
      .flatMap((it) => {
        const path = join(sources, it);
        return importsOf(path)
          .filter(({ from }) => from.startsWith('.') && kinds.has(join(path, '..', from)))
          .map(({ from }) => `${it} imports ${from}`);
      });
    expect(offences).toEqual([]);
  });
});
