import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeChanges } from './write-changes.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-update-'));
  writeFileSync(join(folder, 'a'), 'old a');
  writeFileSync(join(folder, 'b'), 'old b');
});

afterEach(() => rmSync(folder, { recursive: true }));

const all = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

test('files are changed, made with their folders, and removed', () => {
  writeChanges(folder, [
    { path: 'a', before: 'old a', after: 'new a' },
    { path: 'b', before: 'old b', after: null },
    { path: 'x/y/z', before: null, after: 'new z' },
  ]);
  expect(all()).toEqual(['a', 'x', 'x/y', 'x/y/z']);
  expect([text('a'), text('x/y/z')]).toEqual(['new a', 'new z']);
});

test('when the last step fails, all before it are taken back', () => {
  // Became a folder after it was read: the move into its place fails when all others are done.
  mkdirSync(join(folder, 'taken/inside'), { recursive: true });
  const write = (): void =>
    writeChanges(folder, [
      { path: 'a', before: 'old a', after: 'new a' },
      { path: 'b', before: 'old b', after: null },
      { path: 'x/y/z', before: null, after: 'new z' },
      { path: 'taken', before: null, after: 'new' },
    ]);
  expect(write).toThrow(
    expect.objectContaining({ code: 'FILE_ACCESS', remedy: expect.stringMatching(/^Nothing was changed\./) }),
  );
  expect(all()).toEqual(['a', 'b', 'taken', 'taken/inside']);
  expect([text('a'), text('b')]).toEqual(['old a', 'old b']);
});

test('when a text cannot even be prepared, no file was touched', () => {
  const write = (): void =>
    writeChanges(folder, [
      { path: 'a', before: 'old a', after: 'new a' },
      { path: 'b/c', before: null, after: 'new c' },
    ]);
  expect(write).toThrow(expect.objectContaining({ code: 'FILE_ACCESS' }));
  expect(all()).toEqual(['a', 'b']);
  expect(text('a')).toBe('old a');
  expect(existsSync(join(folder, 'b/c'))).toBe(false);
});
