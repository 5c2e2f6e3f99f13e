import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeCache, loadScript } from './index.ts';
import { readKept, writeKept } from './kept.ts';

// Else V8 takes what this process has compiled before, and does not look at what was kept.
setFlagsFromString('--no-compilation-cache');

const isRoot = process.geteuid?.() === 0;
let base = '';
let folder = '';

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-code-')));
  chmodSync(base, 0o755);
  folder = codeCache({ XDG_CACHE_HOME: base }, () => '') ?? expect.fail('no folder');
});
afterEach(() => rmSync(base, { recursive: true }));

/** A script that answers with a number. */
function script(answer: number, name = 'script.cjs'): string {
  const file = join(base, name);
  writeFileSync(file, `//${'0'.repeat(32)}\n(function(exports){exports.answer=function(){return ${answer}}})\n`);
  return file;
}

const kept = (): string[] => readdirSync(folder).map((name) => join(folder, name));

function run(file: string, cache: string | null = folder): unknown {
  const loaded = loadScript(file, cache, 'test');
  const answer = (loaded.exports['answer'] as () => number)();
  loaded.keep();
  return answer;
}

test('code is kept where only this user may write, and is what the next run takes', () => {
  const file = script(1);
  expect([run(file), kept().length, statSync(folder).mode & 0o777]).toEqual([1, 1, 0o700]);
  expect(kept().map((path) => statSync(path).mode & 0o777)).toEqual([0o600]);
  const [path = ''] = kept();
  const { ino } = statSync(path);
  expect(run(file)).toBe(1);
  expect(statSync(path).ino, 'what was taken is not written again').toBe(ino);
});

test('without a folder nothing is kept', () => {
  expect(run(script(1), null)).toBe(1);
  expect(kept()).toEqual([]);
});

test('code of a script that has changed meanwhile is another one, of the same length too', () => {
  expect(run(script(1))).toBe(1);
  const file = script(2);
  utimesSync(file, 1, 1);
  expect([run(file), kept().length]).toEqual([2, 2]);
});

/** Bytes of V8's hashes of itself, of the source and of its flags, behind its mark. */
const heading = 16;

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -100)],
  ['empty', () => Buffer.alloc(0)],
  ['with one bit flipped', (bytes: Buffer) => bytes.fill((bytes[99] ?? 0) ^ 1, 99, 100)],
  ['of another V8', (bytes: Buffer) => flipBoth(bytes)],
  ['nothing that V8 has written', () => Buffer.alloc(4096, 'criujs')],
])('kept code that is %s is not run, and is replaced', (_, damage) => {
  const file = script(1);
  run(file);
  const [path = ''] = kept();
  const sound = readFileSync(path);
  writeFileSync(path, damage(Buffer.from(sound)));
  expect(run(file)).toBe(1);
  // What V8 keeps differs in length from time to time; it begins with what it was made by and from.
  const now = readKept(folder, path.slice(folder.length + 1, -'.code'.length));
  expect(now?.subarray(0, heading)).toEqual(sound.subarray(0, heading));
});

/** The hash of the version, in both halves: V8 itself must refuse it. */
function flipBoth(bytes: Buffer): Buffer {
  for (const half of [0, bytes.length / 2]) bytes.fill((bytes[half + 4] ?? 0) ^ 1, half + 4, half + 5);
  return bytes;
}

test('a link, and a file that others may write, are not what was kept', () => {
  writeKept(folder, 'one', Buffer.from('code'));
  expect(readKept(folder, 'one')?.toString()).toBe('code');
  symlinkSync(join(folder, 'one.code'), join(folder, 'link.code'));
  expect(readKept(folder, 'link')).toBeUndefined();
  chmodSync(join(folder, 'one.code'), 0o666);
  expect(readKept(folder, 'one')).toBeUndefined();
});

test.skipIf(!isRoot)('nor is a file of another user (root)', () => {
  writeKept(folder, 'one', Buffer.from('code'));
  chownSync(join(folder, 'one.code'), 54_321, 54_321);
  expect(readKept(folder, 'one')).toBeUndefined();
});

test('a folder that others may write, or one above it, keeps nothing', () => {
  const shared = join(base, 'shared');
  mkdirSync(join(shared, 'mine'), { recursive: true });
  chmodSync(shared, 0o777);
  expect(codeCache({ XDG_CACHE_HOME: join(shared, 'mine'), HOME: shared }, () => shared)).toBeNull();
  expect(existsSync(join(shared, 'mine/criujs'))).toBe(false);
});

test('where nothing can be written, nothing is kept, and that is no error', () => {
  expect(() => writeKept('/proc/self', 'one', Buffer.from('code'))).not.toThrow();
  expect(() => writeKept(join(base, 'not/there'), 'one', Buffer.from('code'))).not.toThrow();
});

test('what has been there for a month is removed', () => {
  writeKept(folder, 'old', Buffer.from('code'));
  utimesSync(join(folder, 'old.code'), 1, 1);
  writeKept(folder, 'new', Buffer.from('code'));
  expect(readdirSync(folder)).toEqual(['new.code']);
});

test('of many, those that were made last stay', () => {
  for (let at = 0; at < 30; at++) {
    writeKept(folder, `code-${at}`, Buffer.from('code'));
    utimesSync(join(folder, `code-${at}.code`), Date.now() / 1000, Date.now() / 1000 - 100 + at);
  }
  writeKept(folder, 'last', Buffer.from('code'));
  const names = readdirSync(folder);
  expect(names.length).toBe(16);
  expect(names).toEqual(expect.arrayContaining(['last.code', 'code-29.code', 'code-15.code']));
});
