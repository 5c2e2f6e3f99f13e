import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { definePlugin, hook, type Plugin } from '@criujs/plugin-sdk';
import { afterAll, expect, test } from 'vitest';
import { createPluginHost, HostError, type PluginHostOptions } from './index.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-load-')));
afterAll(() => rmSync(folder, { recursive: true }));

let folders = 0;

/** A new folder with these files. */
function withFiles(files: Readonly<Record<string, string>>): string {
  const cwd = join(folder, `${++folders}`);
  mkdirSync(cwd);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return cwd;
}

function source(name: string, before = ''): string {
  return `import { definePlugin, hook } from '@criujs/plugin-sdk';
${before}
export default definePlugin({ name: '${name}', version: '1.0.0', hooks: [hook('PAUSE_DEVICES', () => {})] });`;
}

/** As another version of the SDK might make it. */
function forged(fields: object): Plugin {
  return {
    [Symbol.for('@criujs/plugin')]: true,
    name: 'forged',
    apiVersion: 1,
    hooks: [],
    ...fields,
  } as unknown as Plugin;
}

async function names(plugins: PluginHostOptions['plugins'], cwd = folder): Promise<string[]> {
  const host = await createPluginHost({ plugins, cwd });
  return host.plugins.map((it) => it.name);
}

async function errorOf(plugins: PluginHostOptions['plugins'], cwd = folder): Promise<HostError> {
  const error = await createPluginHost({ plugins, cwd }).catch((it: unknown) => it);
  expect(error).toBeInstanceOf(HostError);
  expect((error as HostError).remedy).toBeTruthy();
  return error as HostError;
}

const plain = (name: string): Plugin => definePlugin({ name, hooks: [] });

test('loads objects, files and packages in the order given', async () => {
  const cwd = withFiles({
    'one.ts': source('one', 'const n: number = 1; enum Old { A } void [n, Old.A];'),
    'two.js': source('two'),
    'sub/three.mjs': source('three'),
    'node_modules/criu-four/package.json': '{ "name": "criu-four", "exports": { "import": "./main.mjs" } }',
    'node_modules/criu-four/main.mjs': source('four'),
    'node_modules/@own/five/package.json': '{ "name": "@own/five", "main": "five.cjs" }',
    'node_modules/@own/five/five.cjs': `exports.plugin = { [Symbol.for('@criujs/plugin')]: true, name: 'five', apiVersion: 1, hooks: [] };`,
    'folder/index.ts': source('six'),
  });
  const url = pathToFileURL(join(cwd, 'sub/three.mjs')).href;
  const plugins = [plain('zero'), './one.ts', 'two.js', url, 'criu-four', '@own/five', './folder'];
  expect(await names(plugins, cwd)).toEqual(['zero', 'one', 'two', 'three', 'four', 'five', 'six']);
  expect(await names(['criu-four', plain('zero')], cwd)).toEqual(['four', 'zero']);
});

test('a folder that is a package: its main file as others import it, or its source while it is not built', async () => {
  const cwd = withFiles({
    'package.json': '{ "name": "criu-own", "type": "module", "exports": { ".": { "default": "./dist/index.js" } } }',
    'src/index.ts': source('source'),
    'node_modules/criu-own/package.json': '{ "name": "criu-own", "exports": "./main.mjs" }',
    'node_modules/criu-own/main.mjs': source('strange'),
  });
  expect(await names(['.'], cwd)).toEqual(['source']);
  mkdirSync(join(cwd, 'dist'));
  writeFileSync(join(cwd, 'dist/index.js'), source('built'));
  expect(await names(['.'], cwd)).toEqual(['built']);
  expect(await names(['./'], cwd)).toEqual(['built']);
  expect(await names([cwd], folder)).toEqual(['built']);
});

test('tells name, version and hooks of what it loaded', async () => {
  const cwd = withFiles({ 'a.ts': source('a') });
  const host = await createPluginHost({ plugins: ['./a.ts'], cwd });
  expect(host.plugins).toEqual([
    { name: 'a', version: '1.0.0', apiVersion: 1, imageVersion: 1, hooks: ['PAUSE_DEVICES'] },
  ]);
  expect([host.serves('PAUSE_DEVICES'), host.serves('DUMP_EXT_FILE')]).toEqual([true, false]);
});

test('finds packages in folders above, a main file of TypeScript, and a named export', async () => {
  const cwd = withFiles({
    'node_modules/criu-ts/package.json': '{ "name": "criu-ts", "exports": "./src/main.ts" }',
    'node_modules/criu-ts/src/main.ts': source('in-ts').replace('export default', 'export const plugin ='),
    'deep/er/x': '',
  });
  expect(await names(['criu-ts'], join(cwd, 'deep/er'))).toEqual(['in-ts']);
});

test('a package whose name looks like a file is a package, when no such file is there', async () => {
  const cwd = withFiles({
    'node_modules/kvm.js/package.json': '{ "name": "kvm.js", "type": "module", "main": "index.js" }',
    'node_modules/kvm.js/index.js': source('package'),
  });
  expect(await names(['kvm.js'], cwd)).toEqual(['package']);
  writeFileSync(join(cwd, 'kvm.js'), source('file'));
  expect(await names(['kvm.js'], cwd)).toEqual(['file']);
});

test('a package that is not there: where it looked, and what to do', async () => {
  const cwd = withFiles({});
  const error = await errorOf(['criu-nothing'], cwd);
  expect(error).toMatchObject({ code: 'PLUGIN_NOT_FOUND', plugin: 'criu-nothing' });
  expect(error.message).toContain(join(cwd, 'node_modules/criu-nothing'));
  // It may be the name of a plugin: a package of that name may be a stranger's.
  expect(error.remedy).toContain('Install the npm package that has this plugin');
  expect(error.remedy).not.toContain('npm install');
});

test.each([
  './nothing.ts',
  '/nothing/at/all.js',
  'nothing.mjs',
  '.',
  '../nothing/',
  'node:fs',
  'a b',
  'https://x.invalid/a.js',
])('nothing at %s', async (name) => {
  expect(await errorOf([name], withFiles({}))).toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
});

test('a module that is no plugin: which exports it has', async () => {
  const cwd = withFiles({ 'a.ts': 'export const first = 1; export default { name: "a" };', 'empty.mjs': '' });
  const error = await errorOf(['./a.ts'], cwd);
  expect(error.code).toBe('PLUGIN_INVALID');
  expect(error.message).toMatch(/\.\/a\.ts is not a plugin.*it exports (default, first|first, default)$/);
  expect((await errorOf(['./empty.mjs'], cwd)).message).toContain('it exports nothing');
  expect(await errorOf([{ name: 'a', hooks: [] } as unknown as Plugin])).toMatchObject({ code: 'PLUGIN_INVALID' });
  expect(await errorOf([7 as unknown as Plugin])).toMatchObject({ code: 'PLUGIN_INVALID' });
});

test.each([
  ['throws', 'throw new Error("no luck");', 'PLUGIN_INVALID', 'no luck'],
  ['throws no error', 'throw { odd: 1 };', 'PLUGIN_INVALID', '{ odd: 1 }'],
  ['has a mistake', 'const = ;', 'PLUGIN_INVALID', ''],
  ['lacks a package', 'import "not-there";', 'PLUGIN_INVALID', 'not-there'],
  [
    'defines a bad plugin',
    "import { definePlugin } from '@criujs/plugin-sdk'; definePlugin({ name: 'Bad' });",
    'PLUGIN_INVALID',
    '"Bad"',
  ],
  ['ends the process', 'process.exit(3);', 'PLUGIN_EXITED', 'process.exit(3)'],
])('a module that %s', async (_, text, code, message) => {
  for (const name of ['a.ts', 'a.mjs']) {
    const error = await errorOf([`./${name}`], withFiles({ [name]: text }));
    expect(error).toMatchObject({ code, plugin: `./${name}`, hook: 'load' });
    expect(error.message).toContain(message);
  }
});

test.each([
  [2, 'was written against version 2 of the plugin contract; this host serves 1', 'Update criujs'],
  [0, 'was written against version 0 of the plugin contract; this host serves 1', 'Update the plugin'],
  [undefined, 'version undefined', 'Update the plugin'],
])('a plugin of API version %s', async (apiVersion, message, remedy) => {
  const error = await errorOf([forged({ apiVersion })]);
  expect(error).toMatchObject({
    code: 'PLUGIN_API_VERSION',
    plugin: 'forged',
    remedy: expect.stringContaining(remedy),
  });
  expect(error.message).toContain(message);
});

test.each([
  ['a hook of a later day', { hooks: [{ hook: 'DUMP_EXT_MOON', handler() {} }] }, 'PLUGIN_API_VERSION'],
  ['a hook without a function', { hooks: [{ hook: 'PAUSE_DEVICES' }] }, 'PLUGIN_INVALID'],
  ['one hook twice', { hooks: Array(2).fill({ hook: 'PAUSE_DEVICES', handler() {} }) }, 'PLUGIN_INVALID'],
  ['no hooks', { hooks: undefined }, 'PLUGIN_INVALID'],
  ['nothing as hook', { hooks: [null] }, 'PLUGIN_API_VERSION'],
  ['a bad name', { name: '../x' }, 'PLUGIN_INVALID'],
  ['no name', { name: 7 }, 'PLUGIN_INVALID'],
])('a forged plugin with %s', async (_, fields, code) => {
  expect(await errorOf([forged(fields)])).toMatchObject({ code });
});

test('two plugins of one name, and names that CRIU could not tell apart', async () => {
  expect(await errorOf([plain('kvm'), plain('kvm')])).toMatchObject({ code: 'PLUGIN_DUPLICATE', plugin: 'kvm' });
  const error = await errorOf([plain('kvm-nested'), plain('kvm')]);
  expect(error).toMatchObject({
    code: 'PLUGIN_DUPLICATE',
    message: expect.stringContaining('kvm-nested begins with kvm'),
  });
  expect(await names([plain('kvm-a'), plain('kvm-b')])).toEqual(['kvm-a', 'kvm-b']);
});

test('all bad plugins are told at once', async () => {
  const error = await errorOf(['nothing-a', plain('good'), './nothing-b.ts', forged({ apiVersion: 9 })]);
  expect(error.message).toContain('3 plugins cannot be loaded:');
  expect(error.errors?.map((it) => it.code)).toEqual(['PLUGIN_NOT_FOUND', 'PLUGIN_NOT_FOUND', 'PLUGIN_API_VERSION']);
});

test('loaders of the caller come first, and may pass', async () => {
  const cwd = withFiles({ 'a.ts': source('file') });
  const asked: string[] = [];
  const host = await createPluginHost({
    plugins: ['old.so', './a.ts'],
    cwd,
    loaders: [
      {
        name: 'compiled plugins',
        async load(wanted, from) {
          asked.push(`${wanted} from ${from.cwd}`);
          return wanted.endsWith('.so') ? { default: plain('old') } : undefined;
        },
      },
    ],
  });
  expect(host.plugins.map((it) => it.name)).toEqual(['old', 'file']);
  expect(asked).toEqual([`old.so from ${cwd}`, `./a.ts from ${cwd}`]);
});

test('without an SDK of its own a plugin gets ours; with one it keeps it', async () => {
  const look =
    "import * as sdk from '@criujs/plugin-sdk'; export default sdk.definePlugin({ name: sdk.own ?? 'ours', hooks: [] });";
  const own = `export const own = 'theirs';
export const definePlugin = (it) => ({ [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, ...it });`;
  const cwd = withFiles({
    'a/x.ts': look,
    'a/y.mjs': look,
    'b/x.ts': look,
    'b/y.mjs': look,
    'b/node_modules/@criujs/plugin-sdk/package.json': '{ "type": "module", "exports": "./i.js" }',
    'b/node_modules/@criujs/plugin-sdk/i.js': own,
  });
  for (const name of ['x.ts', 'y.mjs']) {
    expect(await names([`./a/${name}`], cwd)).toEqual(['ours']);
    expect(await names([`./b/${name}`], cwd)).toEqual(['theirs']);
  }
});

test('a hook of a plugin with another copy of the SDK declines with its own sentinel', async () => {
  const plugin = forged({ hooks: [{ hook: 'DUMP_EXT_FILE', handler: () => Symbol.for('@criujs/not-supported') }] });
  const host = await createPluginHost({
    plugins: [plugin, definePlugin({ name: 'next', hooks: [hook('DUMP_EXT_FILE', () => {})] })],
  });
  await host.start('dump');
  expect(await host.call('DUMP_EXT_FILE', {} as never)).toMatchObject({ claimed: true, plugin: 'next' });
  await host.finish({ ok: true });
});

test('a file that others may write is not loaded, and the error has the command that mends it', async () => {
  const cwd = withFiles({ 'open.mjs': source('open') });
  const file = join(cwd, 'open.mjs');
  for (const mode of [0o646, 0o606]) {
    chmodSync(file, mode);
    expect(await errorOf(['./open.mjs'], cwd)).toMatchObject({
      ...{ code: 'PLUGIN_UNTRUSTED', plugin: './open.mjs', hook: 'load' },
      remedy: expect.stringContaining(`chmod go-w ${file}`),
    });
  }
  chmodSync(file, 0o644);
  expect(await names(['./open.mjs'], cwd)).toEqual(['open']);
});
