import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

// What comes to a terminal goes through one place that escapes what a terminal would obey: no other source of the command line, or of
// what it runs on, writes to a standard stream.

const packages = fileURLToPath(new URL('../../packages', import.meta.url));

/** What runs in the process of `criujs`. */
const watched = [
  ...['cli', 'core', 'criu-bridge', 'engine-kit', 'images', 'legacy-compat', 'linux'],
  ...['plugin-host', 'plugin-sdk', 'wire'],
  // And in that of `create-criu-plugin`.
  'create-plugin',
];

/** Sources that have a standard stream in their hands all the same, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'cli/src/output.ts': 'the one place',
  'cli/src/progress.ts': 'a spinner moves the cursor; its text is escaped',
  'create-plugin/src/main.ts': 'help and version',
  'create-plugin/src/output.ts': 'the one place',
  'create-plugin/src/place.ts': 'asks whether it is a terminal',
  'create-plugin/src/steps/install.ts': 'a line that moves; its text is escaped',
  'engine-kit/src/errors/last-words.ts': 'the event loop will never run again; what it writes is escaped',
  'legacy-compat/src/compiled/process.ts': 'the streams of a child process, whose lines become log messages',
};

/** What writes to the descriptor that is its first argument. */
const calls: ReadonlySet<string> = new Set(['write', 'writeNow', 'writeSync', 'writev', 'writevSync']);

/** `process.stdout`, `process.stderr`, anything of `console`, `writeSync(1, …)`, `writeSync(2, …)` and the like. */
function writesIn(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (isStream(node)) found.push(node.getText());
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

function isStream(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const { text } = node.expression;
    return text === 'console' || (text === 'process' && ['stdout', 'stderr'].includes(node.name.text));
  }
  if (!ts.isCallExpression(node) || !calls.has(node.expression.getText().split('.').at(-1) ?? '')) return false;
  const [first] = node.arguments;
  return first !== undefined && ts.isNumericLiteral(first) && ['1', '2'].includes(first.text);
}

function sourcesOf(name: string): string[] {
  return readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?ts$/.test(file) && !file.endsWith('.test.ts'))
    .map((file) => `${name}/src/${file}`);
}

test('only one place writes to the standard streams', () => {
  const files = watched.flatMap(sourcesOf).filter((file) => writesIn(join(packages, file)).length > 0);
  expect(files.toSorted()).toEqual(Object.keys(exceptions));
});
