import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mergeFiles } from './merge-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'create-criu-plugin-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = [
  { path: 'README.md', content: 'ours\n', executable: false },
  { path: '.gitignore', content: 'node_modules\ndist\n', executable: false },
];

test('where nothing is, all files are written as they are', () => {
  expect(mergeFiles(folder, files, false)).toEqual({ files, kept: [] });
  expect(mergeFiles(join(folder, 'not/there'), files, false)).toEqual({ files, kept: [] });
});

test('what is there is kept, and a list gets the lines that it lacks', () => {
  writeFileSync(join(folder, 'README.md'), 'theirs\n');
  writeFileSync(join(folder, '.gitignore'), '*.log\r\nnode_modules');
  expect(mergeFiles(folder, files, false)).toEqual({
    files: [{ path: '.gitignore', content: '*.log\r\nnode_modules\ndist\n', executable: false }],
    kept: ['README.md'],
  });
});

test('a list that lacks nothing stays as it is', () => {
  writeFileSync(join(folder, '.gitignore'), 'dist\nnode_modules');
  expect(mergeFiles(folder, files, false).files.at(-1)?.content).toBe('dist\nnode_modules');
});

test('force overwrites', () => {
  writeFileSync(join(folder, 'README.md'), 'theirs\n');
  expect(mergeFiles(folder, files, true)).toEqual({ files, kept: [] });
});
