import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPackage, loadKoffi } from './koffi.ts';

let base = '';
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-koffi-')));
});
afterEach(() => rmSync(base, { recursive: true }));

/** A package that exports its own name. */
function install(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.js'), `module.exports = ${JSON.stringify(folder)};`);
  return folder;
}

test('it is the binary of the koffi whose types are used', () => {
  const koffi = createRequire(import.meta.url)('koffi');
  const ours = loadKoffi(import.meta.dirname);
  expect(ours.version).toBe(koffi.version);
  expect(ours).toBe(koffi.default);
});

test('a package is found in the nearest node_modules, through links', () => {
  const far = install(join(base, 'node_modules/one'));
  const near = install(join(base, 'a/node_modules/one'));
  const store = install(join(base, 'store/two'));
  symlinkSync(store, join(base, 'node_modules/two'));
  mkdirSync(join(base, 'a/b'), { recursive: true });
  expect(findPackage(join(base, 'a/b'), 'one')).toBe(near);
  expect(findPackage(dirname(near), 'one')).toBe(near);
  expect(findPackage(join(base, 'other'), 'one')).toBe(far);
  expect(findPackage(join(base, 'a'), 'two')).toBe(store);
  expect(findPackage(base, 'three')).toBeNull();
});

test('only the binary is needed, and where there is none it is named', () => {
  expect(() => loadKoffi(base)).toThrow('@koromix/koffi-linux-x64');
  const binary = install(join(base, 'node_modules/@koromix/koffi-linux-x64'));
  expect(loadKoffi(base)).toBe(binary);
});
