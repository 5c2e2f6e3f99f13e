import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { subjects } from '../../packages/core/src/kinds/description.ts';
import { descriptions, withDumpableTable } from '../../scripts/docs/dumpable.ts';

// The README says what the kinds say, each of which has its words in its own module (`describe`).

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const kinds = join(root, 'packages/core/src/kinds');

test('the table in the README is the one made from the kinds', () => {
  expect(withDumpableTable(readme), 'run npm run docs').toBe(readme);
});

test('a table that was changed by hand is made anew', () => {
  expect(withDumpableTable(readme.replace('| signals | handlers', '| signals | all'))).toBe(readme);
});

test('a README without the marks of the table is an error', () => {
  expect(() => withDumpableTable('# criujs')).toThrow(/put them back/);
});

test('every table of kinds is asked', () => {
  const source = readFileSync(join(root, 'scripts/docs/dumpable.ts'), 'utf8');
  const folders = readdirSync(kinds).filter((folder) => existsSync(join(kinds, folder, 'table.ts')));
  expect(folders.length).toBeGreaterThan(4);
  expect(folders.filter((folder) => !source.includes(`kinds/${folder}/table.ts`))).toEqual([]);
});

test('every subject has words, and nothing is said twice', () => {
  expect(subjects.filter((it) => !descriptions.some(({ subject }) => subject === it))).toEqual([]);
  const words = descriptions.flatMap(({ taken = [], refused = [] }) => [...taken, ...refused]);
  expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
  expect(words.filter((word) => word === '' || word.includes('|') || word.includes('\n'))).toEqual([]);
});
