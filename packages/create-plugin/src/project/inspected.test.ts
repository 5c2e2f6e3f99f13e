import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectFile } from '@criujs/legacy-compat/inspect';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { packageFolder } from '../package-folder.ts';

// `criujs plugin list` and `inspect` run nothing: the text of what the generator makes has to tell all.

const snapshots = join(packageFolder(), 'snapshots');
const projects = readdirSync(snapshots).filter((it) => existsSync(join(snapshots, it, 'src/index.ts')));

/** What the text says, without looking at it as code. */
const hooksIn = (text: string): readonly string[] =>
  [...text.matchAll(/ hook\('([A-Z_]+)'|\[hook\('([A-Z_]+)'/g)].map((it) => it[1] ?? it[2] ?? '');

/** The whole project: a snapshot has only what differs from `everything`. */
function projectIn(folder: string, name: string): void {
  cpSync(join(snapshots, 'everything'), folder, { recursive: true });
  cpSync(join(snapshots, name), folder, { recursive: true });
}

/** As its own build does it. */
function build(folder: string): void {
  mkdirSync(join(folder, 'dist'));
  for (const file of readdirSync(join(folder, 'src'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(folder, 'src', file), 'utf8'), {
      fileName: file,
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true,
      },
    });
    writeFileSync(join(folder, 'dist', file.replace(/ts$/, 'js')), outputText);
  }
}

test.each(projects)('the project %s tells all of its plugin, as source and built', async (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-inspected-'));
  try {
    projectIn(folder, name);
    build(folder);
    const source = await inspectFile(join(folder, 'src/index.ts'));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    const expected = hooksIn(readFileSync(join(folder, 'src/index.ts'), 'utf8'));
    expect(source).toMatchObject({ structure: 'today', name: 'radio', version, complete: true, notes: [] });
    expect(source.hooks.map(({ hook }) => hook).toSorted()).toEqual(expected.toSorted());
    const { path: _, ...facts } = source;
    expect(await inspectFile(join(folder, 'dist/index.js'))).toMatchObject(facts);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('there are such projects, of every kind', () => {
  expect(projects).toEqual(expect.arrayContaining(['everything', 'accelerator', 'lifecycle', 'ported-from-C']));
});
