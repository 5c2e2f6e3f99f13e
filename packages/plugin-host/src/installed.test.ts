import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installedPlugins } from './index.ts';

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'criujs-installed-'));
});

afterEach(() => rmSync(project, { recursive: true }));

/** A package in a node_modules folder of the project. */
function install(name: string, manifest: object, code: string, below = '.'): void {
  const folder = join(project, below, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  const all = { name, type: 'module', exports: './index.js', keywords: ['criu-plugin'], version: '1.0.0', ...manifest };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(all));
  writeFileSync(join(folder, 'index.js'), code);
}

const plugin = (more: string): string => `
  export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, hooks: [], ${more} };`;

test('finds packages by their keyword, scoped ones too, and tells what is in them', async () => {
  install(
    'criu-plugin-gpu',
    {},
    plugin(`name: 'gpu', version: '2.0.0', hooks: [{ hook: 'DUMP_EXT_FILE', handler() {} }]`),
  );
  const schema = `{ '~standard': { version: 1, vendor: 'x', validate: () => ({ issues: [{ message: 'required' }] }) } }`;
  install('@us/criu-plugin-kvm', { version: '0.3.0' }, plugin(`name: 'kvm', options: ${schema}`));
  install('left-pad', { keywords: ['pad'] }, 'throw new Error("nobody asked for me")');
  install('no-keywords', { keywords: undefined }, '');
  const found = await installedPlugins({ cwd: project });
  expect(found).toEqual([
    {
      package: '@us/criu-plugin-kvm',
      packageVersion: '0.3.0',
      folder: join(project, 'node_modules/@us/criu-plugin-kvm'),
      plugin: { name: 'kvm', version: null, apiVersion: 1, hooks: [], hasOptions: true },
    },
    {
      package: 'criu-plugin-gpu',
      packageVersion: '1.0.0',
      folder: join(project, 'node_modules/criu-plugin-gpu'),
      plugin: { name: 'gpu', version: '2.0.0', apiVersion: 1, hooks: ['DUMP_EXT_FILE'], hasOptions: false },
    },
  ]);
});

test('says of each why it cannot be loaded, and goes on', async () => {
  install('broken', {}, 'throw new Error("no driver here")');
  install('exits', {}, 'process.exit(3)');
  install('fine', {}, plugin(`name: 'fine'`));
  install('newer', {}, plugin(`name: 'newer', apiVersion: 9`));
  install('nothing', {}, 'export default 5');
  const found = await installedPlugins({ cwd: project });
  expect(found.map((it) => [it.package, it.plugin?.name ?? it.error?.code])).toEqual([
    ['broken', 'PLUGIN_INVALID'],
    ['exits', 'PLUGIN_EXITED'],
    ['fine', 'fine'],
    ['newer', 'PLUGIN_API_VERSION'],
    ['nothing', 'PLUGIN_INVALID'],
  ]);
  expect(found[0]?.error?.message).toContain('no driver here');
});

test('looks where an import would: in all folders above, the nearest first', async () => {
  install('both', { version: '1.0.0' }, plugin(`name: 'both'`));
  install('above', {}, plugin(`name: 'above'`));
  install('both', { version: '2.0.0' }, plugin(`name: 'both'`), 'packages/app');
  const found = await installedPlugins({ cwd: join(project, 'packages/app/src') });
  expect(found.map((it) => `${it.package} ${it.packageVersion}`)).toEqual(['above 1.0.0', 'both 2.0.0']);
});

test('a damaged package.json, or none, is no plugin', async () => {
  install('damaged', {}, '');
  writeFileSync(join(project, 'node_modules/damaged/package.json'), '{ keywords');
  mkdirSync(join(project, 'node_modules/empty'));
  mkdirSync(dirname(join(project, 'node_modules/.bin/x')), { recursive: true });
  expect(await installedPlugins({ cwd: project })).toEqual([]);
});
