import {
  chmodSync,
  chownSync,
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
import { claim, releaseClaim } from './claim.ts';
import { createCommitMark } from './commit-mark.ts';
import { commitDirectory, settleDirectory } from './directory-images.ts';
import { closePlace, type DirectoryPlace, openForDump, openForRestore } from './directory-place.ts';

const isRoot = process.getuid?.() === 0;
let root: string;
let images: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'criujs-place-'));
  images = join(root, 'images');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const errorOf = (body: () => unknown): unknown => {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

const never = (message: string): never => {
  throw new Error(message);
};

function write(place: DirectoryPlace, ...names: string[]): void {
  for (const name of names) writeFileSync(join(place.staging, name), 'new');
}

/** A dump that goes well. */
function dump(names: readonly string[] = ['core-1.img', 'inventory.img'], path: string = images): void {
  const place = openForDump(path, true);
  write(place, ...names);
  commitDirectory(place, createCommitMark());
  settleDirectory(place, never);
  closePlace(place, true);
}

/** As if the process had been killed: the kernel drops the lock. */
const kill = (place: DirectoryPlace): void => releaseClaim(place, place.claim as number, true);

test('a dump appears as a whole, for its owner only, and leaves nothing beside it', () => {
  const path = join(root, 'a', 'b');
  const place = openForDump(path, false);
  write(place, 'core-1.img', 'inventory.img');
  expect(existsSync(path)).toBe(false);
  commitDirectory(place, createCommitMark());
  expect(readdirSync(path).sort()).toEqual(['core-1.img', 'inventory.img']);
  settleDirectory(place, never);
  closePlace(place, true);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(root, 'a'))).toEqual(['b']);
});

test('a failed dump takes away what it has made', () => {
  const place = openForDump(join(root, 'a', 'b', 'c'), false);
  write(place, 'core-1.img', '.draft');
  closePlace(place, false);
  expect(readdirSync(root)).toEqual([]);
});

test('a failed dump leaves its logs, and the old images as they were', () => {
  dump(['core-7.img', 'inventory.img']);
  const place = openForDump(images, true);
  write(place, 'core-1.img', 'dump.log');
  closePlace(place, false);
  expect(readdirSync(images).sort()).toEqual(['core-7.img', 'dump.log', 'inventory.img']);
  expect(readdirSync(root)).toEqual(['images']);
});

test('files of the user, owner and mode of the directory survive a forced dump', () => {
  dump(['core-7.img', 'inventory.img']);
  writeFileSync(join(images, 'notes.txt'), 'mine');
  mkdirSync(join(images, 'folder', 'deeper'), { recursive: true });
  chmodSync(images, 0o2750);
  if (isRoot) chownSync(images, 65534, 65534);
  chmodSync(images, 0o2750);
  dump();
  expect(readdirSync(images).sort()).toEqual(['core-1.img', 'folder', 'inventory.img', 'notes.txt']);
  expect(readFileSync(join(images, 'notes.txt'), 'utf8')).toBe('mine');
  const { mode, uid } = statSync(images);
  expect(mode & 0o7777).toBe(0o2750);
  if (isRoot) expect(uid).toBe(65534);
});

test('a directory that the user filled before the first dump keeps its files', () => {
  mkdirSync(images);
  writeFileSync(join(images, 'README'), 'mine');
  dump();
  expect(readdirSync(images).sort()).toEqual(['README', 'core-1.img', 'inventory.img']);
});

test("of two files with one name the dump's stays; a folder gets another name", () => {
  mkdirSync(join(images, 'dump.log'), { recursive: true });
  writeFileSync(join(images, 'stats'), 'mine');
  const place = openForDump(images, false);
  write(place, 'inventory.img', 'dump.log', 'stats');
  commitDirectory(place, createCommitMark());
  const warnings: string[] = [];
  settleDirectory(place, (message) => warnings.push(message));
  closePlace(place, true);
  expect(readdirSync(images).sort()).toEqual(['dump.log', 'dump.log.old', 'inventory.img', 'stats']);
  expect(readFileSync(join(images, 'stats'), 'utf8')).toBe('new');
  expect(warnings).toEqual([`the dump has a file of the same name: yours is ${images}/dump.log.old now`]);
});

test('a claim keeps other dumps and restores out, by whatever name they come', () => {
  dump();
  symlinkSync(images, join(root, 'link'));
  const place = openForDump(images, true);
  for (const path of [images, join(root, 'link')]) {
    const busy = { code: 'IMAGES_BUSY', message: `${images} is in use by another run (process ${process.pid})` };
    expect(errorOf(() => openForDump(path, true))).toMatchObject(busy);
    expect(errorOf(() => openForRestore(path))).toMatchObject(busy);
  }
  closePlace(place, false);
  closePlace(openForRestore(images), false);
  expect(readdirSync(root).sort()).toEqual(['images', 'link']);
});

test('restores share a claim, which keeps dumps out until the last one ends', () => {
  dump();
  const [first, second] = [openForRestore(images), openForRestore(images)];
  expect(errorOf(() => openForDump(images, true))).toMatchObject({ code: 'IMAGES_BUSY' });
  closePlace(first, false);
  expect(errorOf(() => openForDump(images, true))).toMatchObject({ code: 'IMAGES_BUSY' });
  closePlace(second, false);
  dump();
  expect(readdirSync(root)).toEqual(['images']);
});

test('what is refused under the claim does not keep it', () => {
  dump();
  expect(errorOf(() => openForDump(images, false))).toMatchObject({ code: 'IMAGES_EXIST' });
  expect(readdirSync(root)).toEqual(['images']);
});

test.each(['dump', 'restore'])('a dump that was killed before its commit is cleared away by the next %s', (next) => {
  dump(['core-7.img', 'inventory.img']);
  const place = openForDump(images, true);
  write(place, 'core-1.img', 'inventory.img', 'dump.log');
  mkdirSync(join(place.staging, '.criujs-abcdef'));
  kill(place);
  if (next === 'dump') dump();
  else closePlace(openForRestore(images), false);
  expect(readdirSync(images)).toEqual([next === 'dump' ? 'core-1.img' : 'core-7.img', 'inventory.img']);
  expect(readdirSync(root)).toEqual(['images']);
});

test.each(['dump', 'restore'])('one that was killed after its commit is completed by the next %s', (next) => {
  dump(['core-7.img', 'inventory.img']);
  writeFileSync(join(images, 'notes.txt'), 'mine');
  const place = openForDump(images, true);
  write(place, 'core-1.img', 'inventory.img');
  commitDirectory(place, createCommitMark());
  expect(readdirSync(place.staging).sort()).toEqual(['core-7.img', 'inventory.img', 'notes.txt']);
  kill(place);
  if (next === 'dump') dump();
  else closePlace(openForRestore(images), false);
  expect(readdirSync(images).sort()).toEqual(['core-1.img', 'inventory.img', 'notes.txt']);
  expect(readdirSync(root)).toEqual(['images']);
});

test('an engine that does not know of its own commit takes nothing away', () => {
  dump(['core-7.img', 'inventory.img']);
  writeFileSync(join(images, 'notes.txt'), 'mine');
  const place = openForDump(images, true);
  write(place, 'inventory.img');
  commitDirectory(place, createCommitMark());
  closePlace(place, false);
  closePlace(openForRestore(images), false);
  expect(readdirSync(images).sort()).toEqual(['inventory.img', 'notes.txt']);
});

test("what is not ours in the staging folder's place is refused, not followed", () => {
  mkdirSync(join(root, 'elsewhere'));
  writeFileSync(join(root, 'elsewhere', 'precious'), '');
  symlinkSync(join(root, 'elsewhere'), join(root, '.images.criujs-staging'));
  expect(errorOf(() => openForDump(images, false))).toMatchObject({ code: 'IMAGES_UNWRITABLE' });
  expect(existsSync(join(root, 'elsewhere', 'precious'))).toBe(true);
});

test('a link in the place of the lock is refused; a restore does without', () => {
  dump();
  symlinkSync(join(root, 'victim'), join(root, '.images.criujs-lock'));
  expect(errorOf(() => openForDump(images, true))).toMatchObject({ code: 'IMAGES_UNWRITABLE' });
  expect(openForRestore(images).claim).toBe(null);
  expect(existsSync(join(root, 'victim'))).toBe(false);
});

test('a second name of another file in the place of the lock is refused, and not written', () => {
  writeFileSync(join(root, 'precious'), 'old');
  linkSync(join(root, 'precious'), join(root, '.images.criujs-lock'));
  expect(errorOf(() => openForDump(images, false))).toMatchObject({ code: 'IMAGES_UNWRITABLE', remedy: 'Remove it.' });
  expect(readFileSync(join(root, 'precious'), 'utf8')).toBe('old');
});

test.skipIf(!isRoot)(
  'in the directory of another user a dump is ours until the commit: nobody can plant a link',
  () => {
    mkdirSync(images);
    chownSync(images, 65534, 65534);
    chmodSync(images, 0o755);
    const place = openForDump(images, false);
    expect(statSync(place.staging)).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(place.staging).mode & 0o777).toBe(0o700);
    expect(readdirSync(place.staging)).toEqual([]);
    write(place, 'inventory.img');
    commitDirectory(place, createCommitMark());
    expect(statSync(images)).toMatchObject({ uid: 65534, gid: 65534 });
    expect(statSync(images).mode & 0o777).toBe(0o755);
    settleDirectory(place, never);
    closePlace(place, true);
  },
);

test('a lock file that its owner took away is no claim: the next one gets a new file', () => {
  const place = openForDump(images, false);
  rmSync(place.lock);
  const other = claim(place, 'dump');
  releaseClaim(place, other, false);
  closePlace(place, false);
  expect(readdirSync(root)).toEqual([]);
});

test('names as long as they may be', () => {
  const path = join(root, 'x'.repeat(255));
  dump(['inventory.img'], path);
  expect(readdirSync(path)).toEqual(['inventory.img']);
  const long = join(root, 'x'.repeat(256));
  expect(errorOf(() => openForDump(long, false))).toMatchObject({
    code: 'IMAGES_UNWRITABLE',
    message: expect.stringContaining('too long'),
  });
});

test.each(['/proc/criujs', '/proc/criujs/deeper', '/sys/criujs/deeper'])('%s is refused at once', (path) => {
  expect(errorOf(() => openForDump(path, false))).toMatchObject({ code: 'IMAGES_UNWRITABLE' });
});

test('a file on the way, and a link that leads nowhere', () => {
  writeFileSync(join(root, 'file'), '');
  symlinkSync('nowhere', join(root, 'dead'));
  for (const path of ['file', 'file/below', 'dead', 'dead/below'])
    expect(errorOf(() => openForDump(join(root, path), false))).toMatchObject({ code: 'IMAGES_UNWRITABLE' });
  expect(readdirSync(root).sort()).toEqual(['dead', 'file']);
});
