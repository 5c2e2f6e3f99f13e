import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hookTable } from '@criujs/plugin-sdk';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { guaranteesPage } from '../../scripts/docs/guarantees.ts';
import { sections } from '../system/guarantees/sections.ts';
import { type Aspect, engineNames } from '../system/guarantees/sentence.ts';

// The page of guarantees has the sentences that tests show, and no others. `prove` has a proof for each sentence of a section, or does
// not compile, and `showAll` makes a test of it for each engine that the sentence names.

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'tests/system/guarantees');

test('docs/guarantees.md is the page made from the sentences', () => {
  expect(readFileSync(join(root, 'docs/guarantees.md'), 'utf8'), 'run npm run docs').toBe(guaranteesPage());
});

test('a name stands for one sentence, and each sentence is text that ends', () => {
  const names = sections.map(({ id }) => id);
  expect(new Set(names).size).toBe(names.length);
  const texts = sections.flatMap(({ sentences }) => Object.values(sentences).map(({ text }) => text));
  expect(texts.filter((text) => !/^[A-Z`].*\.$/.test(text))).toEqual([]);
});

test('a link of the page leads somewhere', () => {
  const page = guaranteesPage();
  const anchors = new Set([
    ...[...page.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
    ...[...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  ]);
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, id = '']) => id);
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((id) => !anchors.has(id))).toEqual([]);
});

describe.each(Object.keys(hookTable))('%s', (name) => {
  const found = sections.find(({ id }) => id === name);
  const sentences = Object.values(found?.sentences ?? {});

  test('says something of each engine', () => {
    expect(engineNames.filter((engine) => !sentences.some(({ engines }) => engines.includes(engine)))).toEqual([]);
  });

  test('says when it is called, what the program does meanwhile, what there is, and what follows a failure', () => {
    const asked: readonly Aspect[] = ['order', 'target', 'images', 'failure'];
    expect(asked.filter((it) => !sentences.some(({ aspect }) => aspect === it))).toEqual([]);
  });
});

/** Calls of a function in a file, with its first two arguments. */
function callsOf(file: string, name: string): ts.CallExpression[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === name) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const filesIn = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));

test('each sentence has a proof, and each proof a sentence', () => {
  const proven = filesIn(join(folder, 'proofs')).flatMap((file) =>
    callsOf(file, 'prove').flatMap(({ arguments: [, proofs] }) =>
      proofs !== undefined && ts.isObjectLiteralExpression(proofs)
        ? [proofs.properties.map((it) => Number(it.name?.getText()))]
        : [],
    ),
  );
  const written = sections.map(({ sentences }) => Object.keys(sentences).map(Number));
  const inOrder = (lists: readonly number[][]): string[] =>
    lists.map((list) => list.toSorted((a, b) => a - b).join()).toSorted();
  expect(inOrder(proven)).toEqual(inOrder(written));
});

test('each section is proven once, and all proofs are shown', () => {
  const files = filesIn(join(folder, 'proofs'));
  const proven = files.flatMap((file) => callsOf(file, 'prove').map((call) => call.arguments[0]?.getText()));
  expect(new Set(proven).size).toBe(proven.length);
  expect(proven).toHaveLength(sections.length);
  const lists = files.flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/^export const (\w+): readonly Proven\[\]/gm),
  ]);
  const tests = filesIn(folder).filter((file) => file.endsWith('.test.ts'));
  const shown = tests.flatMap((file) => callsOf(file, 'showAll').map((call) => call.getText())).join();
  expect(lists).toHaveLength(files.length);
  expect(lists.filter(([, name = '']) => !shown.includes(name))).toEqual([]);
});
