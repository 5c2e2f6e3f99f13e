import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFiles } from './write-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'create-criu-plugin-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (path: string, executable = false) => ({ path: join(folder, path), content: `${path}\n`, executable });

test('files and their folders are made', async () => {
  await writeFiles([file('new/package.json'), file('new/src/deep/index.ts'), file('new/run', true)]);
  expect(readFileSync(join(folder, 'new/src/deep/index.ts'), 'utf8')).toBe('new/src/deep/index.ts\n');
  expect(statSync(join(folder, 'new/run')).mode & 0o100).toBe(0o100);
  expect(statSync(join(folder, 'new/package.json')).mode & 0o111).toBe(0);
});

describe('when one cannot be written', () => {
  test('what was made before is gone again, the folder too', async () => {
    const blocked = { ...file('new/a'), path: join(folder, 'new/package.json/below') };
    await expect(writeFiles([file('new/package.json'), file('new/src/x'), blocked])).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining('new/package.json/below'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('what was there is as it was', async () => {
    mkdirSync(join(folder, 'new/src'), { recursive: true });
    writeFileSync(join(folder, 'new/README.md'), 'theirs\n');
    writeFileSync(join(folder, 'new/other'), 'theirs\n');
    // A folder stands where a file is to go.
    mkdirSync(join(folder, 'new/package.json'));
    const files = [file('new/README.md'), file('new/src/x'), file('new/package.json')];
    await expect(writeFiles(files)).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    expect(readFileSync(join(folder, 'new/README.md'), 'utf8')).toBe('theirs\n');
    expect(readdirSync(join(folder, 'new')).toSorted()).toEqual(['README.md', 'other', 'package.json', 'src']);
    expect(existsSync(join(folder, 'new/src/x'))).toBe(false);
  });
});

test('Ctrl-C meanwhile: nothing is left, and it is said', async () => {
  const files = [file('new/a'), file('new/b')];
  // The signal comes while the files are written: this process sends it to itself.
  const sending = {
    ...file('new/c'),
    get content() {
      process.kill(process.pid, 'SIGINT');
      return 'c';
    },
  };
  await expect(writeFiles([...files, sending])).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(readdirSync(folder)).toEqual([]);
  expect(process.listenerCount('SIGINT')).toBe(0);
});
