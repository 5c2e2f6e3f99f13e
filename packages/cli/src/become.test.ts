import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProgram, inherited } from './become.ts';

test('a command is looked up in PATH, skipping what cannot be run', () => {
  const root = mkdtempSync(join(tmpdir(), 'criujs-path-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const name of ['a', 'b', 'c']) mkdirSync(join(root, name));
  mkdirSync(join(root, 'a', 'tool'));
  writeFileSync(join(root, 'b', 'tool'), '');
  writeFileSync(join(root, 'c', 'tool'), '');
  chmodSync(join(root, 'c', 'tool'), 0o755);
  const path = ['a', 'b', 'c'].map((name) => join(root, name)).join(':');
  expect(findProgram('tool', path)).toBe(join(root, 'c', 'tool'));
  expect(findProgram('other', path)).toBeNull();
  expect(findProgram('', path)).toBeNull();
  expect(findProgram('./tool', path)).toBe('./tool');
});

test("what was handed down is told from Node's own", () => {
  const links = new Map([
    [0, 'pipe:[1]'],
    [1, 'pipe:[1]'],
    [2, '/dev/pts/0'],
    [3, 'anon_inode:[eventpoll]'],
    [4, 'pipe:[7]'],
    [5, 'pipe:[7]'],
    [6, 'anon_inode:[eventfd]'],
    [7, '/dev/fuse'],
    [8, 'socket:[9]'],
    [9, 'pipe:[10]'],
    [11, null],
  ]);
  expect(inherited(links)).toEqual([0, 1, 2, 7, 8, 9]);
});
