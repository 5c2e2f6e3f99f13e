import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProgram } from './become.ts';

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
