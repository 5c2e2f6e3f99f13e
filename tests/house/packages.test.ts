import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const text = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');
const licence = text('LICENSE');
const { engines } = JSON.parse(text('package.json'));

test.each(readdirSync(join(root, 'packages')))('packages/%s tells what a registry shows', (folder) => {
  const manifest = JSON.parse(text('packages', folder, 'package.json'));
  expect(manifest).toMatchObject({
    license: 'MIT',
    author: 'criujs contributors',
    type: 'module',
    engines,
    repository: { type: 'git', directory: `packages/${folder}` },
    publishConfig: { access: 'public' },
  });
  expect(manifest.description).toMatch(/^[A-Z].{20,}[^.]$/);
  expect(manifest.homepage).toContain(`/packages/${folder}#readme`);
  expect(text('packages', folder, 'LICENSE')).toBe(licence);
  expect(text('packages', folder, 'README.md')).toContain(`# ${manifest.name}\n`);
});

test.each(readdirSync(join(root, 'packages')))('packages/%s resolves to its sources inside the house', (folder) => {
  const { exports, files, bin = {} } = JSON.parse(text('packages', folder, 'package.json'));
  for (const target of Object.values<Record<string, string>>(exports)) {
    if (typeof target === 'string') continue;
    expect(Object.keys(target)).toEqual(['@criujs/source', 'types', 'default']);
    expect(existsSync(join(root, 'packages', folder, target['@criujs/source'] ?? ''))).toBe(true);
  }
  expect(files).toEqual(expect.arrayContaining(['dist', 'src', '!src/**/*.test.ts']));
  for (const path of Object.values<string>(bin)) {
    expect(text('packages', folder, path)).toMatch(/^#!\/usr\/bin\/env node\n/);
  }
});

test('images are committed as fixtures only: others hold what was in the memory of whoever ran a dump', () => {
  const tracked = execFileSync('git', ['ls-files', '*.img', '*criujs.json'], { cwd: root, encoding: 'utf8' });
  expect(tracked.split('\n').filter((path) => path !== '' && !path.includes('/fixtures/'))).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(text('package-lock.json')).not.toMatch(/"resolved": "[a-z+]+:/);
});
