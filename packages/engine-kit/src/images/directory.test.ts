import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beside } from './beside.ts';
import { createCommitMark } from './commit-mark.ts';
import { checkForDump, prepareForRestore, removeImages } from './directory.ts';
import { refuseMountPoint } from './mount-points.ts';
import type { SessionStore } from './session-store.ts';
import { directoryStore } from './store.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'criujs-directory-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (...names: string[]): void => {
  for (const name of names) writeFileSync(join(root, name), name);
};

/** A store that writes there. */
function storeOf(staging: string): SessionStore {
  const place = {
    ...beside(join(root, 'images')),
    stage: 'dump',
    claim: null,
    owner: null,
    identity: '',
    made: null,
  } as const;
  return directoryStore({ ...place, staging, isCurrent: false }, createCommitMark(), () => undefined);
}

const errorOf = (body: () => unknown): { code?: string; remedy?: string; message?: string } => {
  try {
    body();
  } catch (error) {
    return error as { code: string };
  }
  throw new Error('nothing was thrown');
};

test('a directory with a dump is refused without force', () => {
  put('inventory.img', 'core-1.img');
  expect(errorOf(() => checkForDump(root, false))).toMatchObject({
    code: 'IMAGES_EXIST',
    remedy: expect.stringContaining('--force'),
  });
  checkForDump(root, true);
  checkForDump(join(root, 'nowhere'), false);
});

test('a file in place of a directory is refused', () => {
  put('file');
  expect(errorOf(() => checkForDump(join(root, 'file'), false))).toMatchObject({
    code: 'IMAGES_UNWRITABLE',
    message: expect.stringContaining('not a directory'),
  });
});

test.skipIf(process.getuid?.() === 0)('a directory that is not ours to write is refused', () => {
  chmodSync(root, 0o500);
  expect(errorOf(() => checkForDump(root, false)).code).toBe('IMAGES_UNWRITABLE');
});

test('a mount point is refused', () => {
  for (const path of ['/', '/proc'])
    expect(errorOf(() => refuseMountPoint(path))).toMatchObject({
      code: 'IMAGES_UNWRITABLE',
      message: expect.stringContaining('is a mount point'),
      remedy: 'Use a folder inside it.',
    });
  refuseMountPoint(root);
});

test('a restore from nowhere, from nothing and from half a dump says which it is', () => {
  expect(errorOf(() => prepareForRestore(join(root, 'nowhere')))).toMatchObject({ code: 'IMAGES_INCOMPLETE' });
  expect(errorOf(() => prepareForRestore(root)).message).toContain('no dump');
  put('pages-1.img');
  expect(errorOf(() => prepareForRestore(root)).message).toContain('an incomplete dump');
  put('inventory.img');
  prepareForRestore(root);
});

test('only images are removed, whatever else is there', () => {
  put('inventory.img', 'core-1.img', 'criujs.json', 'disk.img', 'notes.txt');
  mkdirSync(join(root, 'criujs', 'gpu'), { recursive: true });
  mkdirSync(join(root, 'fs-1.img'));
  symlinkSync(join(root, 'notes.txt'), join(root, 'mm-1.img'));
  removeImages(root);
  expect(readdirSync(root).sort()).toEqual(['disk.img', 'fs-1.img', 'notes.txt']);
});

test("second names of plugins' files go with them; files that only have the same name stay", () => {
  mkdirSync(join(root, 'criujs', 'gpu'), { recursive: true });
  for (const name of ['gpu-1.img', 'gpu-2.img']) writeFileSync(join(root, 'criujs', 'gpu', name), '');
  linkSync(join(root, 'criujs', 'gpu', 'gpu-1.img'), join(root, 'gpu-1.img'));
  put('gpu-2.img');
  removeImages(root);
  expect(readdirSync(root)).toEqual(['gpu-2.img']);
});

test('a link named like the folder of the plugins is not followed', () => {
  mkdirSync(join(root, 'elsewhere'));
  writeFileSync(join(root, 'elsewhere', 'precious'), '');
  symlinkSync(join(root, 'elsewhere'), join(root, 'criujs'));
  removeImages(root);
  expect(existsSync(join(root, 'elsewhere', 'precious'))).toBe(true);
});

test('images are for their owner only, whole, and read back', () => {
  const store = storeOf(root);
  store.write('core-1.img', Buffer.from('first'));
  store.write('core-1.img', Buffer.from('second'));
  expect(Buffer.from(store.read('core-1.img')).toString()).toBe('second');
  expect(statSync(join(root, 'core-1.img')).mode & 0o777).toBe(0o600);
  expect(readdirSync(root)).toEqual(['core-1.img']);
});

test('a link in the place of an image is neither written through nor read', () => {
  writeFileSync(join(root, 'victim'), 'precious');
  symlinkSync(join(root, 'victim'), join(root, 'core-1.img'));
  const store = storeOf(root);
  expect(errorOf(() => store.read('core-1.img')).code).toBe('IMAGE_INVALID');
  store.write('core-1.img', Buffer.from('image'));
  expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('precious');
  expect(readFileSync(join(root, 'core-1.img'), 'utf8')).toBe('image');
});

test.each(['../core-1.img', 'a/b', '', '.hidden', 'core\0.img', '/etc/passwd'])('%j names no image', (name) => {
  const store = storeOf(root);
  for (const use of [
    () => store.read(name),
    () => store.exists(name),
    () => store.open(name, 'write'),
    () => store.write(name, Buffer.from('')),
  ]) {
    expect(errorOf(use).code).toBe('IMAGE_INVALID');
  }
});

test('an image that is missing is an error with its name', () => {
  expect(errorOf(() => storeOf(root).read('core-1.img'))).toMatchObject({
    code: 'IMAGE_INVALID',
    resource: 'core-1.img',
  });
});
