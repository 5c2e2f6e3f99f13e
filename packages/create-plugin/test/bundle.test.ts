import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { bin, shipped } from './shipped.ts';

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: shipped, encoding: 'utf8' }),
) as readonly [Packed];
const paths = packed.files.map(({ path }) => path);
const textOf = (path: string): string => readFileSync(join(shipped, path), 'utf8');

const callsForModules = /^(import|(__)?require(\$\d+)?(\.resolve)?)$/;

/** What fdir and npm's settings would use where it is there, and do without. */
const optional: readonly string[] = ['picomatch', 'npm'];

/** Every module that a file imports or requires by name. */
function modulesOf(path: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) take(node.moduleSpecifier);
    if (ts.isCallExpression(node) && callsForModules.test(node.expression.getText())) take(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  const take = (name: ts.Node | undefined): void => {
    if (name !== undefined && ts.isStringLiteralLike(name)) found.push(name.text);
  };
  visit(ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true, ts.ScriptKind.JS));
  return found;
}

test('it is at most 4 MB unpacked and needs no other package', () => {
  expect(packed.unpackedSize).toBeLessThan(4_000_000);
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(textOf('package.json'));
  expect({ dependencies, peerDependencies, optionalDependencies }).toEqual({});
});

test('what is shipped imports only itself and Node', () => {
  const bundle = paths.filter((path) => path.startsWith('dist/') && path.endsWith('.js'));
  expect(bundle).toEqual(expect.arrayContaining(['dist/index.js', 'dist/main.js']));
  const strangers = bundle.flatMap((path) =>
    modulesOf(path)
      .filter((name) => !name.startsWith('.') && !isBuiltin(name) && !optional.includes(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(strangers).toEqual([]);
});

test('its types need no other package either', () => {
  expect(paths.filter((path) => path.endsWith('.d.ts'))).toEqual(['dist/index.d.ts']);
  expect(ts.preProcessFile(textOf('dist/index.d.ts')).importedFiles).toEqual([]);
});

test('every package that it contains has its notice, with a licence text', () => {
  const [head = '', ...notices] = textOf('dist/THIRD-PARTY-NOTICES.txt').split(/^-{80}$/m);
  expect(paths).toContain('dist/THIRD-PARTY-NOTICES.txt');
  expect(head).toContain(` ${notices.length} packages`);
  for (const name of [
    'yeoman-generator',
    'yeoman-environment',
    'inquirer',
    'picocolors',
    'validate-npm-package-name',
  ]) {
    expect(notices.some((notice) => notice.trim().startsWith(`${name} `))).toBe(true);
  }
  expect(notices.filter((notice) => notice.length < 120)).toEqual([]);
});

test('the command can be read by every Node', () => {
  const scanner = ts.createScanner(
    ts.ScriptTarget.ES5,
    true,
    ts.LanguageVariant.Standard,
    textOf('bin/create-criu-plugin.cjs'),
  );
  const modern = new Set([
    ts.SyntaxKind.ConstKeyword,
    ts.SyntaxKind.LetKeyword,
    ts.SyntaxKind.EqualsGreaterThanToken,
    ts.SyntaxKind.NoSubstitutionTemplateLiteral,
    ts.SyntaxKind.TemplateHead,
    ts.SyntaxKind.ImportKeyword,
    ts.SyntaxKind.AwaitKeyword,
    ts.SyntaxKind.QuestionDotToken,
    ts.SyntaxKind.QuestionQuestionToken,
    ts.SyntaxKind.DotDotDotToken,
  ]);
  const found: string[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (modern.has(kind)) found.push(scanner.getTokenText());
  }
  expect(found).toEqual([]);
  expect(textOf('bin/create-criu-plugin.cjs')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(bin).toBe(join(shipped, 'bin/create-criu-plugin.cjs'));
});
