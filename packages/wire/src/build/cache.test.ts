import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultCache } from './cache.ts';

const isRoot = process.geteuid?.() === 0;
const stranger = 54_321;
let base = '';
let home = '';

/** A folder as that user would have made it. */
function folder(name: string, owner?: number): string {
  const path = join(base, name);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  if (owner !== undefined) chownSync(path, owner, owner);
  return path;
}

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-cache-')));
  chmodSync(base, 0o755);
  home = folder('home');
});
afterEach(() => rmSync(base, { recursive: true }));

const cache = (env: NodeJS.ProcessEnv): string => defaultCache(env, () => home);
const inHome = (): string => join(home, '.cache/criujs/native');

test('XDG_CACHE_HOME counts first, then HOME, then the home of the user', () => {
  const [xdg, given] = [folder('xdg'), folder('given')];
  expect(cache({ XDG_CACHE_HOME: xdg, HOME: given })).toBe(join(xdg, 'criujs/native'));
  expect(cache({ HOME: given })).toBe(join(given, '.cache/criujs/native'));
  expect(cache({})).toBe(inHome());
  // A relative one is none (XDG base directory specification).
  expect(cache({ XDG_CACHE_HOME: 'relative', HOME: '' })).toBe(inHome());
});

test('one that others may write, or a folder above it, is passed over, and nothing is made there', () => {
  const shared = folder('shared/mine');
  chmodSync(join(base, 'shared'), 0o777);
  expect(cache({ HOME: shared })).toBe(inHome());
  expect(cache({ XDG_CACHE_HOME: join(shared, 'not/there/yet') })).toBe(inHome());
  expect([join(shared, '.cache'), join(shared, 'not')].filter((it) => existsSync(it))).toEqual([]);
});

test.skipIf(!isRoot)('so is that of another user, also through a link or with a folder of root inside (root)', () => {
  const theirs = folder('theirs', stranger);
  expect(cache({ HOME: theirs })).toBe(inHome());
  expect(cache({ XDG_CACHE_HOME: folder('theirs/.cache') })).toBe(inHome());
  symlinkSync(theirs, join(base, 'link'));
  expect(cache({ HOME: join(base, 'link') })).toBe(inHome());
  expect(existsSync(join(theirs, '.cache/criujs'))).toBe(false);
});

test.skipIf(!isRoot)('a link in a folder of one’s own to that of another user is found out (root)', () => {
  const given = folder('given');
  mkdirSync(join(given, '.cache/criujs'), { recursive: true });
  symlinkSync(folder('theirs/native', stranger), join(given, '.cache/criujs/native'));
  expect(cache({ HOME: given })).toBe(inHome());
});

test('where none is safe, nothing is used, and each reason is told', () => {
  chmodSync(home, 0o777);
  const given = folder('given');
  chmodSync(given, 0o757);
  expect(() => cache({ HOME: given })).toThrow(
    expect.objectContaining({
      code: 'NATIVE_CACHE_UNSAFE',
      message: `what is built has no safe place: others may write the folder ${given}; others may write the folder ${home}`,
      remedy: expect.stringContaining('XDG_CACHE_HOME'),
    }),
  );
});

test('a user without a home has only what the environment names', () => {
  const given = folder('given');
  expect(defaultCache({ HOME: given }, () => '')).toBe(join(given, '.cache/criujs/native'));
  expect(() => defaultCache({}, () => '')).toThrow(expect.objectContaining({ code: 'NATIVE_CACHE_UNSAFE' }));
});

test('one where nothing can be made is passed over', () => {
  expect(cache({ HOME: '/proc/self' })).toBe(inHome());
});
