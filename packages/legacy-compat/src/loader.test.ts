import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPluginHost, type PluginInfo } from '@criujs/plugin-host';
import { afterAll, expect, test } from 'vitest';
import { legacyLoader, nameFromPath, oldStructureEndsIn } from './index.ts';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-legacy-')));
afterAll(() => rmSync(cwd, { recursive: true }));

const today = `import { definePlugin, hook } from '@criujs/plugin-sdk';
globalThis.timesRun = (globalThis.timesRun ?? 0) + 1;
export default definePlugin({ name: 'today', hooks: [] });`;
const files: Readonly<Record<string, string>> = {
  'a.js': 'exports.cr_plugin_dump_file = () => 0;',
  'b.cjs': 'Object.assign(module.exports, { crPluginDumpFile: () => 0 });',
  'c.mjs': 'export async function cr_plugin_dump_file(fd, id) { return 0; }',
  'd.ts':
    'enum Answer { done = 0 }\nexport function cr_plugin_dump_file(fd: number, id: number): number { return Answer.done; }',
  'e.mjs': 'export default { cr_plugin_dump_file: () => 0 };',
  'folder/index.js': 'exports.cr_plugin_dump_file = () => 0;',
  'node_modules/criu-old/package.json': '{ "name": "criu-old", "main": "main.cjs" }',
  'node_modules/criu-old/main.cjs': "module.exports = require('./part.cjs');",
  'node_modules/criu-old/part.cjs': 'exports.cr_plugin_dump_file = () => 0;',
  'node_modules/@own/old/package.json': '{ "name": "@own/old", "exports": { "import": "./main.mjs" } }',
  'node_modules/@own/old/main.mjs': 'export const cr_plugin_dump_file = () => 0;',
  'today.ts': today,
  'today.mjs': today,
  'mixed.ts': `${today}\nexport const cr_plugin_init = () => 0;`,
  'neither.mjs': 'export const dump = 1;',
  'addon.node': 'ELF',
  'throws.mjs': "throw new Error('not today');",
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), text);
}

async function load(...plugins: string[]): Promise<readonly PluginInfo[]> {
  return (await createPluginHost({ plugins, cwd, loaders: [legacyLoader()] })).plugins;
}

test('loads files of every kind, folders, URLs and packages', async () => {
  const url = pathToFileURL(join(cwd, 'e.mjs')).href;
  const wanted = ['a.js', './b.cjs', join(cwd, 'c.mjs'), 'd.ts', url, './folder', 'criu-old', '@own/old'];
  const loaded = await load(...wanted);
  const origins = ['a.js', 'b.cjs', 'c.mjs', 'd.ts', 'e.mjs', 'folder'].map((it) => join(cwd, it));
  expect(loaded).toEqual(
    [...origins, 'criu-old', '@own/old'].map((origin) => ({
      name: nameFromPath(origin),
      version: '0.1.0',
      apiVersion: 1,
      imageVersion: 1,
      hooks: ['DUMP_EXT_FILE'],
    })),
  );
});

test('plugins of today pass through, and their module runs once', async () => {
  const global = globalThis as { timesRun?: number };
  for (const name of ['./today.ts', './today.mjs']) {
    global.timesRun = 0;
    expect(await load('a.js', name)).toMatchObject([{}, { name: 'today' }]);
    expect(global.timesRun).toBe(1);
  }
});

test('what it does not know is left to loaders after it', async () => {
  const asked: string[] = [];
  const other = { name: 'other', load: async (wanted: string) => void asked.push(wanted) };
  const plugins = ['./addon.node', 'other:plugin', 'a.js'];
  await createPluginHost({ plugins, cwd, loaders: [legacyLoader(), other] }).catch(() => undefined);
  expect(asked).toEqual(['./addon.node', 'other:plugin']);
});

test.each([
  ['mixed.ts', 'PLUGIN_INVALID', /mixed\.ts cannot be loaded: it mixes structures/],
  ['neither.mjs', 'PLUGIN_INVALID', /neither\.mjs is not a plugin.*it exports dump/],
  ['throws.mjs', 'PLUGIN_INVALID', /not today/],
  ['missing.mjs', 'PLUGIN_NOT_FOUND', /no plugin missing\.mjs: nothing at/],
  ['criu-missing', 'PLUGIN_NOT_FOUND', /no plugin criu-missing/],
  ['fs', 'PLUGIN_NOT_FOUND', /no plugin fs/],
])('%s is %s', async (name, code, message) => {
  await expect(load(name)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    remedy: expect.any(String),
  });
});

test('the README tells the version in which it ends, and a name that is right', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`ends in version ${oldStructureEndsIn}`);
  const [, path = '', name] = /`(\/opt\S+)` is `(legacy-\S+)`/.exec(readme) ?? [];
  expect(nameFromPath(path)).toBe(name);
});

test('this version of the package still serves the old structure', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const number = (text: string): number => text.split('.').reduce((sum, it) => sum * 1000 + Number.parseInt(it, 10), 0);
  expect(number(version), `${version} is to be released: the old structure ends in ${oldStructureEndsIn}`).toBeLessThan(
    number(oldStructureEndsIn),
  );
});
