import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openOwnFile } from './own-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-own-file-'));
  writeFileSync(join(folder, 'precious'), 'old');
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, append: boolean, text: string): string {
  const path = join(folder, name);
  const fd = openOwnFile({ what: 'the record', path, append });
  writeSync(fd, text);
  closeSync(fd);
  return readFileSync(path, 'utf8');
}

test('a new file is for its owner only; an old one is emptied, or goes on', () => {
  expect(write('new', false, 'one')).toBe('one');
  expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o600);
  expect(write('new', false, '2')).toBe('2');
  expect(write('new', true, '3')).toBe('23');
});

const planted: readonly (readonly [what: string, plant: (path: string) => void, message: RegExp])[] = [
  ['a link', (path) => symlinkSync('precious', path), /symbolic link/],
  ['a link to nothing', (path) => symlinkSync('nowhere', path), /symbolic link/],
  ['a second name', (path) => linkSync(join(folder, 'precious'), path), /has other names/],
  ['a FIFO', (path) => void execFileSync('mkfifo', [path]), /no regular file/],
  ['a directory', (path) => mkdirSync(path), /no regular file/],
];

test.each(planted)('%s is neither written nor waited for', (_, plant, message) => {
  plant(join(folder, 'planted'));
  for (const append of [false, true])
    expect(() => write('planted', append, 'new')).toThrow(
      expect.objectContaining({
        code: 'BAD_OPTION',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/^(Give|Remove) /),
      }),
    );
  expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('old');
  expect(() => statSync(join(folder, 'nowhere'))).toThrow('ENOENT');
});

test.skipIf(process.getuid?.() !== 0)('a device and a file of another user', () => {
  execFileSync('mknod', [join(folder, 'null'), 'c', '1', '3']);
  expect(() => write('null', false, 'new')).toThrow('no regular file');
  chownSync(join(folder, 'precious'), 65534, 65534);
  expect(() => write('precious', false, 'new')).toThrow('belongs to user 65534');
  expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('old');
});

test('where nothing can be made, the kernel says why', () => {
  expect(() => write('nowhere/file', false, '')).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', remedy: 'Give the path of a file that you may write.' }),
  );
});
