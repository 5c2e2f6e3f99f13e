import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** What the pages show is what a reader copies: every named block is compiled, and run as its reader would. */
const root = resolve(import.meta.dirname, '..', '..', '..');

const readme = 'packages/plugin-testing/README.md';

describe.each([
  { page: readme, least: 6 },
  { page: 'docs/guides/testing-plugins.md', least: 6 },
  { page: 'docs/guides/publishing-plugins.md', least: 2 },
])('$page', ({ page, least }) => {
  let folder = '';
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```\w+ name=(\S+)\n(.*?)^```$/gms)];

  beforeAll(() => {
    // Inside the checkout, so that the packages are found.
    mkdirSync(join(root, '.cache'), { recursive: true });
    folder = mkdtempSync(join(root, '.cache', 'testing-'));
    for (const [, name = '', code = ''] of blocks) writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, 'vitest.config.mjs'), 'export default { test: { reporters: ["json"] } };');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('compiles on the strictest settings', () => {
    const settings = {
      extends: '../../tsconfig.tests.json',
      compilerOptions: {
        incremental: false,
        customConditions: [],
        typeRoots: ['../../node_modules/@types'],
      },
      include: ['*.ts'],
      exclude: [],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    const compiler = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' });
    expect(compiler.stdout).toBe('');
    expect(compiler.status).toBe(0);
  });

  test('its tests pass', () => {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const run = spawnSync(process.execPath, [vitest, 'run', '--root', folder], { encoding: 'utf8' });
    const report = JSON.parse(run.stdout);
    const failed = report.testResults.filter((it: { status: string }) => it.status !== 'passed');
    expect(failed).toEqual([]);
    expect(report.numPassedTests).toBeGreaterThanOrEqual(least);
    expect(run.status).toBe(0);
  });
});

test('the script of the README runs', () => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache', 'testing-'));
  const [, code = ''] = /^```js name=check.mjs\n(.*?)^```$/ms.exec(readFileSync(join(root, readme), 'utf8')) ?? [];
  writeFileSync(join(folder, 'check.mjs'), code);
  try {
    const said = execFileSync(process.execPath, ['check.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(said).toMatch(/^round-trip passed\n(.* (passed|skipped)\n){6}$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
