import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from '../../../packages/core/test/harness/machine.ts';

/** What docs/guides/another-engine.md shows is what its reader copies: every block is compiled and run, as a user would. */
const guide = readFileSync(join(root, 'docs', 'guides', 'another-engine.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\S*)(?: name=(\S+))?\n(.*?)^```$/gms)].map(
  ([, language = '', name = '', code = '']) => ({ language, name, code }),
);
const sources = blocks.filter((it) => it.language === 'ts');
const sessions = blocks.filter((it) => it.language === 'console');

// Inside the checkout, so that the packages are found.
mkdirSync(join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, '.cache', 'guide-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const { name, code } of sources) writeFileSync(join(folder, name), code);

test('every block has a name of its own and is tested here', () => {
  expect(blocks.filter((it) => !sources.includes(it) && !sessions.includes(it))).toEqual([]);
  const names = blocks.map((it) => it.name);
  expect(names.filter((name, at) => name === '' || names.indexOf(name) !== at)).toEqual([]);
  // A module that is neither run nor imported would go untested.
  const isUsed = (module: string): boolean =>
    sessions.some((it) => it.code.includes(`$ node ${module}.js`)) ||
    sources.some((it) => it.code.includes(`'./${module}.ts'`));
  expect(sources.map((it) => it.name.replace('.ts', '')).filter((it) => !isUsed(it))).toEqual([]);
});

test('all compile on the strictest settings', () => {
  const settings = {
    extends: '../../tsconfig.tests.json',
    compilerOptions: {
      noEmit: false,
      incremental: false,
      allowImportingTsExtensions: false,
      rewriteRelativeImportExtensions: true,
      customConditions: [],
      typeRoots: ['../../node_modules/@types'],
    },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compiler = run(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.');
  expect(compiler.stdout).toBe('');
  expect(compiler.status).toBe(0);
});

// In the order of the guide: the later ones go on with what the first has saved.
test.each(sessions)('$name says what the guide shows', ({ code }) => {
  for (const [, command = '', expected = ''] of code.matchAll(/^\$ node (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
    const { stdout, stderr, status } = run(...command.split(' '));
    expect({ command, stderr, status }).toEqual({ command, stderr: '', status: 0 });
    expect(stdout).toBe(expected);
  }
});

function run(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
}
