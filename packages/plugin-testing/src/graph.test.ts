import { existsSync, readFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** The kit runs where koffi does not: nothing that it imports, however far away, may lead there. */
const packages = resolve(import.meta.dirname, '..', '..');
const builtins = new Set(builtinModules);

interface Graph {
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/** Every file that is reached from these, through imports, `import()`, `require` and types. */
function walk(...entries: readonly string[]): Graph {
  const files = new Set<string>();
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      if (fileName.startsWith('node:') || builtins.has(fileName)) continue;
      const next = fileName.startsWith('.') ? resolve(dirname(file), fileName) : enter(fileName, file, reached);
      if (next !== undefined) waiting.push(next);
    }
  }
  return { files, packages: reached };
}

/** Notes a package. Ours are walked on; of others their manifests say what they bring. */
function enter(specifier: string, importer: string, reached: Set<string>): string | undefined {
  const name = packageOf(specifier);
  if (reached.has(name)) return undefined;
  reached.add(name);
  const [, ours] = /^@criujs\/(.+)$/.exec(name) ?? [];
  if (ours !== undefined) return join(packages, ours, 'src', 'index.ts');
  // The test runner is the user's own.
  if (name === 'vitest') return undefined;
  const manifest = (createRequire(importer).resolve.paths(name) ?? [])
    .map((it) => join(it, name, 'package.json'))
    .find((it) => existsSync(it));
  if (manifest === undefined) throw new Error(`${importer} imports ${name}, which is not installed`);
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const it of Object.keys({ ...dependencies, ...optionalDependencies })) reached.add(it);
  return undefined;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

test('from the kit one reaches the SDK, the host and jiti, and no koffi', () => {
  const { files, packages: reached } = walk(join(import.meta.dirname, 'index.ts'));
  expect([...reached].sort()).toEqual(['@criujs/plugin-host', '@criujs/plugin-sdk', 'jiti']);
  expect([...files].filter((it) => it.includes('koffi'))).toEqual([]);
  expect([...files]).toContain(join(packages, 'plugin-host', 'src', 'run-hook.ts'));
});

test('the matchers add the test runner only', () => {
  const { packages: reached } = walk(join(import.meta.dirname, 'vitest.ts'));
  expect([...reached].sort()).toEqual(['@criujs/plugin-host', '@criujs/plugin-sdk', 'jiti', 'vitest']);
});

test('the walk finds koffi where it is', () => {
  const { files } = walk(join(packages, 'linux', 'src', 'index.ts'));
  expect([...files]).toContain(join(packages, 'linux', 'src', 'koffi.ts'));
});
