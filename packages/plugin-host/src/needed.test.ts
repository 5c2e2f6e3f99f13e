import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Context, definePlugin, hook, type Plugin, pid } from '@criujs/plugin-sdk';
import { afterAll, expect, test } from 'vitest';
import type { PluginRecord } from './facts/plugin-record.ts';
import { createPluginHost } from './host.ts';
import type { PluginLoader } from './load.ts';

const root = mkdtempSync(join(tmpdir(), 'criujs-needed-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A plugin with an observer alone, as those of accelerators are. */
function observer(does: (context: Context) => unknown, more: object = {}): Plugin {
  return definePlugin({
    name: 'gpu',
    ...more,
    hooks: [hook('CHECKPOINT_DEVICES', async (_, context) => void (await does(context)))],
  });
}

/** What a dump records of it. */
async function recordOf(plugin: Plugin | string, took: readonly string[] = [], cwd = root): Promise<PluginRecord> {
  const host = await createPluginHost({ plugins: [plugin], images: mkdtempSync(join(root, 'images-')), cwd });
  await host.start('dump');
  await host.call('CHECKPOINT_DEVICES', { pid: pid(5) });
  const [record] = host.record(took);
  await host.seal();
  await host.finish({ ok: true });
  return record as PluginRecord;
}

const nothing = (): void => undefined;
const writes = ({ image }: Context): Promise<void> => image.writeJson('state', { memory: 'precious' });
const makes = ({ image }: Context): Promise<unknown> => image.directories({ make: true });
const looks = async ({ image }: Context): Promise<void> => {
  await image.names();
  await image.directories();
};
const requires = (context: Context): void => context.require();

test.each<[string, boolean, Plugin, string[]]>([
  ['does nothing', false, observer(nothing), []],
  ['only looks', false, observer(looks), []],
  ['writes', true, observer(writes), []],
  ['makes a directory', true, observer(makes), []],
  ['asks for it', true, observer(requires), []],
  ['took something', true, observer(nothing), ['gpu']],
  ['is always required', true, observer(nothing, { required: true }), []],
  ['writes only notes', false, observer(writes, { required: false }), []],
  ['writes only notes and took something', true, observer(writes, { required: false }), ['gpu']],
  ['writes only notes and asks for it', true, observer(requires, { required: false }), []],
  ['is not the one that took something', false, observer(nothing), ['hub']],
])('a plugin that %s: required %j', async (_, required, plugin, took) => {
  expect(await recordOf(plugin, took)).toMatchObject({ name: 'gpu', required, inventoryName: 'gpu' });
});

test.each([
  [{}, 'gpu'],
  [{ inventoryName: 'cuda_plugin' }, 'cuda_plugin'],
  [{ inventoryName: null }, null],
])('%j: the inventory lists it as %j', async (more, inventoryName) => {
  expect(await recordOf(observer(nothing, more))).toMatchObject({ inventoryName });
});

test('a write that fails is none, and another run begins anew', async () => {
  const fails = observer(({ image }) => image.write('a/b', new Uint8Array()).catch(nothing));
  expect(await recordOf(fails)).toMatchObject({ required: false });
  let writing = true;
  const plugin = observer((context) => (writing ? writes(context) : undefined));
  const host = await createPluginHost({ plugins: [plugin], images: mkdtempSync(join(root, 'images-')) });
  for (const expected of [true, false]) {
    await host.start('dump');
    await host.call('CHECKPOINT_DEVICES', { pid: pid(5) });
    expect(host.record([])).toMatchObject([{ required: expected }]);
    await host.finish({ ok: true });
    writing = false;
  }
});

test('a required that another SDK let through is refused', async () => {
  const plugin = { ...observer(nothing), required: 'yes' } as unknown as Plugin;
  await expect(createPluginHost({ plugins: [plugin] })).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
});

const module = `export default { [Symbol.for('@criujs/plugin')]: true, name: 'gpu', apiVersion: 1, hooks: [] };`;

function put(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(root, 'cwd-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

test('what is recorded of where a plugin came from', async () => {
  const cwd = put({
    'node_modules/@own/gpu/package.json': '{ "name": "@own/gpu", "version": "1.2.3", "main": "lib/main.mjs" }',
    'node_modules/@own/gpu/lib/package.json': '{ "type": "module" }',
    'node_modules/@own/gpu/lib/main.mjs': module,
    // As `npm install alias@npm:criu-gpu` puts it.
    'node_modules/alias/package.json':
      '{ "name": "criu-gpu", "exports": { ".": "./main.mjs", "./sub": "./main.mjs" } }',
    'node_modules/alias/main.mjs': module,
    'node_modules/odd/package.json': '{ "name": "a b; c", "version": "x y", "main": "main.mjs" }',
    'node_modules/odd/main.mjs': module,
    'sub/gpu.ts': module,
    'sub/my gpu.mjs': module,
  });
  const none = { package: null, packageVersion: null, load: null };
  const table: readonly [string, object][] = [
    ['@own/gpu', { package: '@own/gpu', packageVersion: '1.2.3', load: '@own/gpu' }],
    ['alias', { package: 'criu-gpu', packageVersion: null, load: 'criu-gpu' }],
    ['alias/sub', { package: 'criu-gpu', packageVersion: null, load: 'criu-gpu/sub' }],
    ['odd', none],
    ['./sub/gpu.ts', { ...none, load: './gpu.ts' }],
    ['sub/gpu.ts', { ...none, load: './gpu.ts' }],
    [join(cwd, 'sub/gpu.ts'), { ...none, load: './gpu.ts' }],
    ['./sub/my gpu.mjs', none],
    ['./node_modules/@own/gpu', { ...none, load: './gpu' }],
  ];
  for (const [wanted, expected] of table) expect(await recordOf(wanted, [], cwd), wanted).toMatchObject(expected);
  expect(await recordOf(observer(nothing))).toMatchObject(none);
});

test('a loader of its own kind says nothing of packages', async () => {
  const cwd = put({
    'node_modules/gpu/package.json': '{ "name": "gpu", "version": "6.6.6", "main": "main.mjs" }',
    'node_modules/gpu/main.mjs': module,
  });
  const loader: PluginLoader = { name: 'built in', load: async () => observer(nothing) };
  const host = await createPluginHost({ plugins: ['gpu'], cwd, loaders: [loader] });
  expect(host.record([])).toMatchObject([{ package: null, packageVersion: null, load: null }]);
});
