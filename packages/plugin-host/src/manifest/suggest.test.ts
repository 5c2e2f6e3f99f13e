import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installedPlugins } from '../installed.ts';
import { type CatalogEntry, catalog } from './catalog.ts';
import { readManifest } from './read.ts';
import { type SuggestionsOptions, suggestPlugins } from './suggest.ts';
import type { ResourceQuestion } from './takes.ts';

let project: string;
const isRoot = process.geteuid?.() === 0;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'criujs-suggested-'));
});
afterEach(() => rmSync(project, { recursive: true }));

const manifest = {
  plugin: 'radio',
  apiVersion: 1,
  hooks: ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'],
  resources: { devices: [{ path: '/dev/radio*' }] },
} as const;

function install(name: string, criu: object, more: object = {}): string {
  const folder = join(project, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  const all = { name, type: 'module', exports: './index.js', keywords: ['criu-plugin'], criu, ...more };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(all));
  writeFileSync(join(folder, 'index.js'), 'throw new Error("it ran");');
  return folder;
}

const fileAt = (path: string): ResourceQuestion => {
  const rdev = { major: 240, minor: 0 };
  const file = { path, kind: 'character', rdev, inode: 1, flags: 0, position: 0, owner: null, holders: [] } as const;
  return { hook: 'DUMP_EXT_FILE', args: { file } };
};
const radio = [fileAt('/dev/radio0')];

const suggest = (options: Partial<SuggestionsOptions> = {}, shipped: readonly CatalogEntry[] = []) =>
  suggestPlugins(
    { cwd: project, loaded: [], ...options },
    { installed: installedPlugins, catalog: shipped, drivers: { named: () => [], misc: () => undefined } },
  );

test('a package on this disk whose manifest takes a resource is named, and no other', () => {
  const folder = install('criujs-plugin-radio', manifest);
  install('criujs-plugin-tape', { ...manifest, plugin: 'tape', resources: { files: ['/dev/tape'] } });
  install('criujs-plugin-silent', { ...manifest, plugin: 'silent', resources: {} });
  install('criujs-plugin-wrong', { ...manifest, plugin: 'Wrong' });
  expect(suggest()(radio)).toEqual([{ package: 'criujs-plugin-radio', plugin: 'radio', from: 'installed', folder }]);
  expect(suggest()([fileAt('/dev/tape'), ...radio]).map((it) => it.plugin)).toEqual(['radio', 'tape']);
  expect(suggest()([])).toEqual([]);
});

test('one that is loaded has been asked already', () => {
  install('criujs-plugin-radio', manifest);
  expect(suggest({ loaded: ['radio'] })(radio)).toEqual([]);
  expect(suggest({ loaded: ['radi'] })(radio)).toHaveLength(1);
});

test('one that would not be loaded is named with the reason', () => {
  install('criujs-plugin-radio', manifest, { exports: './none.js' });
  install('criujs-plugin-late', { ...manifest, plugin: 'late', apiVersion: 99 });
  expect(suggest()(radio)).toEqual([
    expect.objectContaining({
      package: 'criujs-plugin-late',
      error: expect.objectContaining({ code: 'PLUGIN_API_VERSION', message: expect.stringContaining('version 99') }),
    }),
    expect.objectContaining({
      package: 'criujs-plugin-radio',
      error: expect.objectContaining({ code: 'PLUGIN_NOT_FOUND' }),
    }),
  ]);
});

test('the catalog comes after what is installed, and names nothing twice or in vain', () => {
  install('criujs-plugin-radio', manifest);
  const shipped: CatalogEntry[] = [
    { package: 'criujs-plugin-radio', manifest },
    { package: 'criujs-plugin-radio-too', manifest: { ...manifest, plugin: 'radio-too' } },
    { package: 'criujs-plugin-late', manifest: { ...manifest, plugin: 'late', apiVersion: 99 } },
    { package: 'criujs-plugin-tape', manifest: { ...manifest, plugin: 'tape', resources: {} } },
  ];
  expect(suggest({}, shipped)(radio)).toEqual([
    expect.objectContaining({ package: 'criujs-plugin-radio', from: 'installed' }),
    { package: 'criujs-plugin-radio-too', plugin: 'radio-too', from: 'catalog' },
  ]);
});

test.skipIf(!isRoot)('what another user has left there is not named', () => {
  const folder = install('criujs-plugin-radio', manifest);
  expect(suggest()(radio)).toHaveLength(1);
  chownSync(folder, 12345, 12345);
  expect(suggest()(radio)).toEqual([]);
  chownSync(project, 12345, 12345);
  expect(suggest()(radio)).toHaveLength(1);
});

test('the catalog that is shipped is sorted, and each manifest in it is valid', () => {
  const names = catalog.map((it) => it.package);
  expect(names).toEqual([...new Set(names)].sort());
  for (const { manifest: criu } of catalog)
    expect(readManifest({ criu })).toMatchObject({ state: 'valid', unknown: [] });
});
