import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkFolder, repositoryOf } from './folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'create-criu-plugin-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...names: readonly string[]): void {
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), 'here before\n');
  }
}

describe('a project can be made', () => {
  test('where nothing is yet, however deep', () => {
    checkFolder(join(folder, 'a/b/c'), false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('in an empty folder', () => checkFolder(folder, false));

  test('beside entries that do no harm', () => {
    put(
      '.git/',
      '.gitignore',
      '.gitattributes',
      'LICENSE',
      'LICENCE.md',
      'README.md',
      '.DS_Store',
      '.idea/',
      '.vscode/',
    );
    checkFolder(folder, false);
  });

  test('over anything, by force', () => {
    put('package.json', 'src/');
    checkFolder(folder, true);
  });
});

describe('it is refused', () => {
  test('where there is something else, which is named', () => {
    put('LICENSE', 'package.json', 'a', 'b', 'c', 'd', 'e');
    expect(() => checkFolder(folder, false)).toThrow(
      expect.objectContaining({ code: 'FOLDER_TAKEN', message: `${folder} is not empty: a, b, c, d, e and 1 more` }),
    );
  });

  test.each([false, true])('where a file is, force or not (%s)', (force) => {
    put('file');
    const taken = expect.objectContaining({ code: 'FOLDER_TAKEN', message: expect.stringContaining('is a file') });
    expect(() => checkFolder(join(folder, 'file'), force)).toThrow(taken);
    expect(() => checkFolder(join(folder, 'file/below/it'), force)).toThrow(taken);
  });

  test('where a link leads in circles', () => {
    symlinkSync('loop', join(folder, 'loop'));
    expect(() => checkFolder(join(folder, 'loop/x'), false)).toThrow(
      expect.objectContaining({ code: 'FOLDER_UNWRITABLE' }),
    );
  });
});

test('a repository is found from any depth, also by the file that a worktree has', () => {
  expect(repositoryOf(join(folder, 'a/b'))).toBeNull();
  put('.git');
  expect(repositoryOf(join(folder, 'a/b'))).toBe(folder);
  expect(repositoryOf(folder)).toBe(folder);
});
