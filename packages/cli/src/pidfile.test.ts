import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPidfile } from './pidfile.ts';

let folder: string;
let path: string;
let precious: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-pidfile-'));
  path = join(folder, 'pid');
  precious = join(folder, 'precious');
  writeFileSync(precious, 'old');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('it is there once it has the pid, and replaces an old one', () => {
  writeFileSync(path, '1\n');
  const file = openPidfile(path);
  expect(readFileSync(path, 'utf8')).toBe('1\n');
  file.write(42);
  expect(readFileSync(path, 'utf8')).toBe('42\n');
  expect(readdirSync(folder).sort()).toEqual(['pid', 'precious']);
});

test('one of a restore that failed is taken away', () => {
  openPidfile(path).remove();
  expect(readdirSync(folder)).toEqual(['precious']);
});

test.each([
  ['a link', () => symlinkSync('precious', path), 'a symbolic link'],
  ['a link to nothing', () => symlinkSync('nowhere', path), 'a symbolic link'],
  ['a FIFO', () => void execFileSync('mkfifo', [path]), 'no regular file'],
  ['a directory', () => mkdirSync(path), 'no regular file'],
])('%s in its place is refused before anything is made', (_, plant, message) => {
  plant();
  const before = readdirSync(folder);
  expect(() => openPidfile(path)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
  );
  expect(readdirSync(folder)).toEqual(before);
});

test.each([
  ['link', () => symlinkSync('precious', path)],
  ['second name', () => linkSync(precious, path)],
])('a %s that is put there meanwhile is replaced, not written through', (_, plant) => {
  const file = openPidfile(path);
  plant();
  file.write(42);
  expect(readFileSync(precious, 'utf8')).toBe('old');
  unlinkSync(precious);
  expect(readFileSync(path, 'utf8')).toBe('42\n');
});
