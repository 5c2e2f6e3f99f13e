import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

// What is written for people is read by people: code goes by codes and fields. So no source compares the words of an error or of a
// refusal, or looks for something in them.

const packages = fileURLToPath(new URL('../../packages', import.meta.url));

/** Fields that hold words for people. */
const words: ReadonlySet<string> = new Set(['message', 'why', 'remedy', 'resource']);

/** Methods of a string that look for something in it, or take it apart. */
const reads: ReadonlySet<string> = new Set([
  'endsWith',
  'includes',
  'indexOf',
  'lastIndexOf',
  'localeCompare',
  'match',
  'matchAll',
  'replace',
  'replaceAll',
  'search',
  'slice',
  'split',
  'startsWith',
  'substring',
]);

/** Sources that read words all the same, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'cli/src/main.ts': 'what commander says of an argument',
  'core/src/run/wire.ts': 'a cause that only repeats the message is left out',
  'core/src/show/reader.ts': 'the resource of an image that cannot be read is its file name',
  'criu-bridge/src/driver/log/cause.ts': "lines of CRIU's log",
  'criu-bridge/src/driver/phases.ts': "lines of CRIU's log",
  'plugin-host/src/load-module.ts': 'Node names a missing module in its message alone',
  'plugin-testing/src/matchers.ts': 'the author of a test says which words are expected',
  'wire/src/build/prebuild.ts': 'what a C compiler says',
};

interface Offence {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Whether it names a field that holds words, or a variable that was taken from one. */
function isWords(node: ts.Node): boolean {
  if (ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node) || ts.isAsExpression(node))
    return isWords(node.expression);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
    return isWords(node.left) || isWords(node.right);
  // String(message).
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'String')
    return node.arguments.some(isWords);
  if (ts.isPropertyAccessExpression(node)) return words.has(node.name.text);
  return ts.isIdentifier(node) && words.has(node.text);
}

/** Whether a comparison with it only asks whether there is anything. */
function isNothing(node: ts.Expression): boolean {
  return (
    node.kind === ts.SyntaxKind.NullKeyword ||
    (ts.isIdentifier(node) && node.text === 'undefined') ||
    (ts.isStringLiteral(node) && node.text === '')
  );
}

const comparisons: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
]);

function readsWords(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node) && comparisons.has(node.operatorToken.kind)) {
    const { left, right } = node;
    return (isWords(left) && !isNothing(right)) || (isWords(right) && !isNothing(left));
  }
  if (ts.isSwitchStatement(node)) return isWords(node.expression);
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const { expression, name } = node.expression;
  if (reads.has(name.text) && isWords(expression)) return true;
  return ['test', 'exec'].includes(name.text) && node.arguments.some(isWords);
}

function offencesIn(text: string, file = 'a.ts'): Offence[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Offence[] = [];
  const visit = (node: ts.Node): void => {
    if (readsWords(node))
      found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, text: node.getText() });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function sources(): string[] {
  return readdirSync(packages).flatMap((folder) =>
    readdirSync(join(packages, folder, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => `${folder}/src/${name}`),
  );
}

const all = sources().flatMap((file) => offencesIn(readFileSync(join(packages, file), 'utf8'), file));

test('no code reads words that are for people', () => {
  expect(all.filter(({ file }) => exceptions[file] === undefined)).toEqual([]);
});

test('every exception is still one', () => {
  expect(Object.keys(exceptions).filter((file) => !all.some((it) => it.file === file))).toEqual([]);
});

test.each([
  "error.message.includes('x')",
  "if (problem.why === 'x') {}",
  "const is = 'x' !== row?.resource;",
  '/x/.test(it.remedy ?? message)',
  '/x/.exec(remedy);',
  "String(message).startsWith('x')",
  "switch (it.why) { case 'x': }",
  'resource === table[0].what',
])('%s is found', (text) => {
  expect(offencesIn(text)).toHaveLength(1);
});

test.each([
  "error.code === 'x'",
  'row.why === undefined',
  "it.remedy !== ''",
  'typeof message === "string"',
  'list.includes(why)',
])('%s is none', (text) => {
  expect(offencesIn(text)).toEqual([]);
});
