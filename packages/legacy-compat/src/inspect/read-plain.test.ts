import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPlain } from './read-plain.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-plain-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is read whole, also through a link', () => {
  const content = Buffer.alloc(3_000_000, 'xyz');
  writeFileSync(join(folder, 'a'), content);
  symlinkSync('a', join(folder, 'link'));
  const found = readPlain(join(folder, 'link'), content.length);
  expect('kind' in found ? found : found.equals(content)).toBe(true);
});

test('one that is too large is not', () => {
  writeFileSync(join(folder, 'large'), 'xxxx');
  expect(readPlain(join(folder, 'large'), 3)).toEqual({ kind: 'large', bytes: 4 });
  // The kernel says that it has no size.
  expect(readPlain('/proc/self/status', 3)).toMatchObject({ kind: 'large', bytes: expect.any(Number) });
});

test('what is no file is not opened: a pipe without a writer would hang', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/zero', folder]) expect(readPlain(path, 100)).toEqual({ kind: 'strange' });
  expect(() => readPlain(join(folder, 'none'), 100)).toThrow('ENOENT');
});
