import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAgain } from './reg-entry.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-open-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** O_RDWR, O_NOFOLLOW, O_DIRECTORY. open(2) */
const [forBoth, noFollow, directory] = [2, 0o400000, 0o200000];

test('what cannot be opened as the images say has a code and a remedy', () => {
  const link = join(folder, 'link');
  symlinkSync(folder, link);
  const failing = (path: string, flags: number): unknown => {
    try {
      return openAgain(path, flags);
    } catch (error) {
      return error;
    }
  };
  expect(failing(folder, forBoth)).toMatchObject({ code: 'IMAGE_INVALID', remedy: expect.stringContaining('copy') });
  expect(failing(link, noFollow)).toMatchObject({ code: 'FILE_CHANGED', remedy: expect.stringContaining('link') });
  expect(failing(join(folder, 'gone'), 0)).toMatchObject({ code: 'FILE_MISSING', resource: join(folder, 'gone') });
  expect(failing('/dev/null', directory)).toMatchObject({ code: 'FILE_MISSING' });
});
