import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, FdTypes, FileEntrySchema } from '@criujs/images';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileEntry } from '../kinds/files/opening.ts';
import { nobody } from '../kinds/files/owner.ts';
import { recorded } from '../kinds/files/reg-entry.ts';
import { verifyFiles } from './verify.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-verify-'));
  path = join(folder, 'file');
  writeFileSync(path, '12345', { mode: 0o644 });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The entry of a path as it is now. */
function entryOf(name: string, flags = 0): FileEntry {
  const reg = { id: 1, flags, pos: 0n, fown: nobody, name, ...recorded(statSync(name, { bigint: true }), flags) };
  return create(FileEntrySchema, { type: FdTypes.REG, id: 1, reg }) as FileEntry;
}

function check(files: FileEntry[], allowGrownFiles: boolean, isOpened = true): void {
  const used = { opened: { has: () => isOpened }, names: new Set<number>(), devices: new Set<number>() };
  verifyFiles(files, used, { allowGrownFiles });
}

const verify = (...files: FileEntry[]): void => check(files, false);

test('an unchanged file passes', () => {
  expect(() => verify(entryOf(path, 2), entryOf(folder), entryOf('/dev/null', 2))).not.toThrow();
});

test('a missing file', () => {
  const entry = entryOf(path);
  rmSync(path);
  expect(() => verify(entry)).toThrow(
    expect.objectContaining({ code: 'FILE_MISSING', resource: path, remedy: expect.stringContaining(path) }),
  );
});

test('a file of another size, other permissions or another type', () => {
  const entry = entryOf(path);
  appendFileSync(path, '6');
  expect(() => verify(entry)).toThrow(`${path}: it had 5 bytes and has 6`);
  writeFileSync(path, '54321');
  chmodSync(path, 0o600);
  expect(() => verify(entry)).toThrow('its permissions were 0644 and are 0600');
  rmSync(path);
  mkdirSync(path);
  expect(() => verify(entry)).toThrow(
    expect.objectContaining({
      code: 'FILE_CHANGED',
      message: expect.stringContaining('was a regular file and is a dir'),
    }),
  );
});

test('a log that is only appended to may have grown', () => {
  const entry = entryOf(path, 0o2001);
  appendFileSync(path, 'more');
  expect(() => verify(entry)).not.toThrow();
});

test('a file that is open may have grown where the user takes that, and no other; the refusal names the option', () => {
  const entry = entryOf(path, 2);
  appendFileSync(path, 'more');
  expect(() => verify(entry)).toThrow(
    expect.objectContaining({ remedy: expect.stringContaining('--allow-grown-files') }),
  );
  expect(() => check([entry], true)).not.toThrow();
  expect(() => check([entry], true, false)).toThrow(`${path}: it had 5 bytes and has 9`);
  writeFileSync(path, '1234');
  expect(() => check([entry], true)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('5 bytes and has 4'),
      remedy: `Put ${path} back as it was.`,
    }),
  );
});

test('all that is wrong is told at once', () => {
  const entries = [entryOf(path), entryOf(folder)];
  rmSync(folder, { recursive: true });
  expect(() => verify(...entries)).toThrow(/2 files are not as they were.*\n.*file: .*gone\n.*gone/s);
  mkdirSync(folder);
});

test('an image cannot make us open a device', () => {
  const entry = entryOf('/dev/null', 2);
  const terminal = { ...entry.reg, name: '/dev/tty', mode: Number(statSync('/dev/tty').mode) };
  const made = create(FileEntrySchema, { type: FdTypes.REG, id: 1, reg: terminal as typeof entry.reg });
  expect(() => verify(made as FileEntry)).toThrow(/is a character device, which is no regular file/);
});

test.each(['relative/path', '/a\0b', ''])('%j is no path', (name) => {
  const reg = { id: 1, flags: 0, pos: 0n, fown: nobody, name };
  const entry = create(FileEntrySchema, { type: FdTypes.REG, id: 1, reg }) as FileEntry;
  expect(() => verify(entry)).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});
