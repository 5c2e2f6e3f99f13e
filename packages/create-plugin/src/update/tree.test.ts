import { expect, test } from 'vitest';
import { createTree } from './tree.ts';

const files: Readonly<Record<string, string>> = { 'a.txt': 'a', 'b/c.txt': 'c' };
const open = () => createTree((path) => files[path] ?? null);

test('what is written is read, and the changes are sorted', () => {
  const tree = open();
  tree.write('b/new.txt', 'new');
  tree.remove('a.txt');
  expect(tree.read('b/new.txt')).toBe('new');
  expect(tree.read('a.txt')).toBeNull();
  expect(tree.changes()).toEqual([
    { path: 'a.txt', before: 'a', after: null },
    { path: 'b/new.txt', before: null, after: 'new' },
  ]);
});

test('what ends as it began is no change', () => {
  const tree = open();
  tree.write('a.txt', 'other');
  tree.write('a.txt', 'a');
  tree.write('new.txt', 'new');
  tree.remove('new.txt');
  expect(tree.changes()).toEqual([]);
});

test.each(['../a.txt', '/a.txt', 'b//c.txt', './a.txt', 'b\\c.txt', ''])('%j is no path of a project', (path) => {
  expect(() => open().write(path, '')).toThrow('not a path inside');
});
