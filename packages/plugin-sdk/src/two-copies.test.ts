import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as ours from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'criujs-sdk-'));
let theirs: typeof ours;

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    rewriteRelativeImportExtensions: true,
  };
  for (const name of readdirSync(import.meta.dirname).filter((it) => !it.endsWith('.test.ts'))) {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    writeFileSync(join(folder, name.replace('.ts', '.js')), ts.transpileModule(text, { compilerOptions }).outputText);
  }
  theirs = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'index.js')).href);
});

afterAll(() => rmSync(folder, { recursive: true }));

test('they are two', () => {
  expect(theirs.definePlugin).not.toBe(ours.definePlugin);
  expect(theirs.PluginError).not.toBe(ours.PluginError);
});

test('each knows the plugins of the other', () => {
  const hooks = [ours.hook('POST_FORKING', () => {})];
  expect(ours.isPlugin(theirs.definePlugin({ name: 'kvm', hooks }))).toBe(true);
  expect(theirs.isPlugin(ours.definePlugin({ name: 'kvm', hooks }))).toBe(true);
});

test('they have the same sentinels', () => {
  expect(theirs.notSupported).toBe(ours.notSupported);
  expect(theirs.retryLater).toBe(ours.retryLater);
  const work = Promise.resolve();
  expect(theirs.laterOf(ours.later(work, 3))).toEqual({ work, result: 3 });
});

test('hooks of one make a plugin of the other', () => {
  const plugin = theirs.definePlugin({ name: 'kvm', hooks: [ours.hook('DUMP_EXT_FILE', () => theirs.notSupported)] });
  expect(plugin.hooks[0]?.handler?.({} as never, {} as never)).toBe(ours.notSupported);
});
