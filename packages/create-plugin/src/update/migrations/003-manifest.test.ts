import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ProjectRecord } from '../../answers.ts';
import { packageFolder } from '../../package-folder.ts';
import { createTree, type Tree } from '../tree.ts';
import { manifestField } from './003-manifest.ts';

const record: ProjectRecord = { template: 2, createdWith: '0.1.0', handles: ['external-file'], options: false };
const packageJson = `${JSON.stringify({ name: 'criujs-plugin-tape', keywords: ['criu-plugin'], version: '1.0.0' }, null, 2)}\n`;
const index = (name: string): string => readFileSync(join(packageFolder(), 'snapshots', name, 'src/index.ts'), 'utf8');

function treeOf(files: Readonly<Record<string, string>>): Tree {
  return createTree((path) => files[path] ?? null);
}

const fieldIn = (tree: Tree): unknown => JSON.parse(tree.read('package.json') ?? '{}').criu;

test.each(['everything', 'external-file', 'lifecycle', 'ported-from-C'])(
  'a project of ours gets what a new one has, but for its resources: %s',
  (name) => {
    const tree = treeOf({ 'package.json': packageJson, 'src/index.ts': index(name) });
    expect(manifestField.migrate(tree, record)).toEqual([expect.stringContaining('criu.resources')]);
    const hooks = [...index(name).matchAll(/ hook\('([A-Z_]+)'|\[hook\('([A-Z_]+)'/g)].map((it) => it[1] ?? it[2]);
    expect(fieldIn(tree)).toEqual({ plugin: 'radio', apiVersion: 1, hooks, imageVersion: 1, resources: {} });
    expect(tree.changes().map(({ path }) => path)).toEqual([
      '.vscode/settings.json',
      'package.json',
      'test/manifest.test.ts',
    ]);
  },
);

test('its files are those of the template', () => {
  const tree = treeOf({ 'package.json': packageJson, 'src/index.ts': index('everything') });
  manifestField.migrate(tree, record);
  for (const path of ['.vscode/settings.json', 'test/manifest.test.ts'])
    expect(tree.read(path)).toBe(readFileSync(join(packageFolder(), 'snapshots/everything', path), 'utf8'));
});

test('what the author changed meanwhile counts, and so does the indentation', () => {
  const code = index('external-file')
    .replace('  version,', '  version,\n  imageVersion: 3,')
    .replace("'radio'", "'tape'");
  const tabs = JSON.stringify(JSON.parse(packageJson), null, '\t');
  const tree = treeOf({ 'package.json': tabs, 'src/index.ts': code });
  manifestField.migrate(tree, record);
  expect(fieldIn(tree)).toMatchObject({ plugin: 'tape', imageVersion: 3 });
  expect(tree.read('package.json')).toMatch(/^\{\n\t"name"/);
});

test('what has been done already stays', () => {
  const done = JSON.stringify({ name: 'x', criu: { plugin: 'mine' } });
  const files = { 'package.json': done, 'src/index.ts': index('everything') };
  const own = { ...files, 'test/manifest.test.ts': 'mine', '.vscode/settings.json': '{}' };
  const tree = treeOf(own);
  expect(manifestField.migrate(tree, record)).toEqual([]);
  expect(tree.changes()).toEqual([]);
});

test('a plugin without the keyword gets it', () => {
  const tree = treeOf({ 'package.json': '{ "name": "x" }', 'src/index.ts': index('everything') });
  manifestField.migrate(tree, record);
  expect(JSON.parse(tree.read('package.json') ?? '{}').keywords).toEqual(['criu-plugin']);
});

test.each([
  ["export default definePlugin({ name, hooks: [hook('DUMP_EXT_FILE', save)] });", 'cannot be read in src/index.ts'],
  [
    "export default definePlugin({\n  name: 'x',\n  hooks: all.map((it) => hook(it, save)) });",
    'cannot be read in src/index.ts',
  ],
])('an index of the author’s own leaves the field to them: %s', (code, expected) => {
  const tree = treeOf({ 'package.json': packageJson, 'src/index.ts': code });
  expect(manifestField.migrate(tree, record)).toEqual([expect.stringContaining(expected)]);
  expect(tree.read('package.json')).toBe(packageJson);
  expect(tree.read('test/manifest.test.ts')).toContain('checkManifest');
});

test('a package.json that cannot be read costs the field alone', () => {
  const tree = treeOf({ 'package.json': '{', 'src/index.ts': index('everything') });
  expect(manifestField.migrate(tree, record)).toEqual([expect.stringContaining('cannot be read as JSON')]);
  expect(tree.changes().map(({ path }) => path)).toEqual(['.vscode/settings.json', 'test/manifest.test.ts']);
});
