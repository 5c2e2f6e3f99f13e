import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installedPlugins } from './index.ts';

let project: string;

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-installed-')));
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

test('finds packages by their keyword, scoped ones too, and their files; nothing of them is run', () => {
  const mark = join(project, 'it-ran');
  const harm = `import('node:fs').then((it) => it.writeFileSync(${JSON.stringify(mark)}, ''));\nprocess.exit(3);\nfor (;;);`;
  install('criu-plugin-gpu', { criu: { plugin: 'gpu' } }, harm);
  install('@us/criu-plugin-kvm', { version: '0.3.0' }, harm);
  install('left-pad', { keywords: ['pad'] }, harm);
  install('no-keywords', { keywords: undefined }, '');
  expect(installedPlugins({ cwd: project })).toEqual([
    {
      package: '@us/criu-plugin-kvm',
      packageVersion: '0.3.0',
      folder: join(project, 'node_modules/@us/criu-plugin-kvm'),
      place: 'project',
      shadowedBy: null,
      criu: undefined,
      entry: join(project, 'node_modules/@us/criu-plugin-kvm/index.js'),
    },
    {
      package: 'criu-plugin-gpu',
      packageVersion: '1.0.0',
      folder: join(project, 'node_modules/criu-plugin-gpu'),
      place: 'project',
      shadowedBy: null,
      criu: { plugin: 'gpu' },
      entry: join(project, 'node_modules/criu-plugin-gpu/index.js'),
    },
  ]);
  expect(existsSync(mark)).toBe(false);
});

test('says of each why it would not be loaded, and goes on', () => {
  install('fine', {}, '');
  install('nothing', { exports: './none.js' }, '');
  install('open', {}, '');
  const entry = join(project, 'node_modules/open/index.js');
  chmodSync(entry, 0o666);
  const found = installedPlugins({ cwd: project });
  expect(found.map((it) => [it.package, it.error?.code])).toEqual([
    ['fine', undefined],
    ['nothing', 'PLUGIN_NOT_FOUND'],
    ['open', 'PLUGIN_UNTRUSTED'],
  ]);
  expect(found.map((it) => it.entry)).toEqual([expect.any(String), null, entry]);
});

test('a pipe in the place of a file keeps nobody waiting', () => {
  install('pipe', {}, '');
  install('manifest', {}, '');
  for (const path of ['pipe/index.js', 'manifest/package.json']) {
    rmSync(join(project, 'node_modules', path));
    execFileSync('mkfifo', [join(project, 'node_modules', path)]);
  }
  const found = installedPlugins({ cwd: project });
  expect(found.map((it) => [it.package, it.error?.code])).toEqual([['pipe', 'PLUGIN_NOT_FOUND']]);
});

test('looks where an import would: in all folders above, the nearest first', () => {
  install('both', { version: '1.0.0' }, '');
  install('above', {}, '');
  install('both', { version: '2.0.0' }, '', 'packages/app');
  const found = installedPlugins({ cwd: join(project, 'packages/app/src') });
  const nearer = join(project, 'packages/app/node_modules/both');
  expect(found.map((it) => [it.package, it.packageVersion, it.shadowedBy])).toEqual([
    ['above', '1.0.0', null],
    ['both', '2.0.0', null],
    ['both', '1.0.0', nearer],
  ]);
});

test('a nearer package of that name hides a plugin, even if it is none', () => {
  install('both', {}, '');
  install('both', { keywords: [] }, '', 'packages/app');
  const [only, ...others] = installedPlugins({ cwd: join(project, 'packages/app') });
  expect(others).toEqual([]);
  expect(only).toMatchObject({
    folder: join(project, 'node_modules/both'),
    shadowedBy: join(project, 'packages/app/node_modules/both'),
  });
});

test('a damaged package.json, or none, is no plugin', () => {
  install('damaged', {}, '');
  writeFileSync(join(project, 'node_modules/damaged/package.json'), '{ keywords');
  mkdirSync(join(project, 'node_modules/empty'));
  mkdirSync(dirname(join(project, 'node_modules/.bin/x')), { recursive: true });
  expect(installedPlugins({ cwd: project })).toEqual([]);
});
