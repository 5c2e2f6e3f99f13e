import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mirrorPage, mirrors } from '../../scripts/docs/mirror.ts';

// The page of what comes back says what the tables of the mirror test say.

const root = fileURLToPath(new URL('../..', import.meta.url));

test('docs/what-comes-back.md is the page made from the tables', () => {
  expect(readFileSync(join(root, 'docs/what-comes-back.md'), 'utf8'), 'run npm run docs').toBe(mirrorPage());
});

test.each(mirrors.map(({ title, rows }) => [title, rows] as const))('%s: each is there once, with words', (_, rows) => {
  const names = rows.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(rows.filter(({ why }) => why === '' || /[|\n]/.test(why))).toEqual([]);
});

test('nothing is lost without a word', () => {
  expect(mirrors.flatMap(({ rows }) => rows.filter(({ fate }) => fate === 'lost'))).toEqual([]);
});
