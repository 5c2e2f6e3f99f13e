import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isUnmapped, openFolder, othersMayWrite, whoElseMayChange } from './who-may-write.ts';

const own = process.geteuid?.() ?? 0;
const isOwnOrRoot = (user: number): boolean => user === own || user === 0;
let base = '';
let inner = '';

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-open-')));
  inner = join(base, 'a/b');
  mkdirSync(inner, { recursive: true, mode: 0o755 });
});
afterEach(() => rmSync(base, { recursive: true }));

test.each([
  [0o755, 1000, 1000, false],
  [0o775, 1000, 1000, false],
  [0o775, 1000, 100, true],
  [0o757, 1000, 1000, true],
  [0o1777, 0, 0, true],
])('mode %o of user %i and group %i', (mode, uid, gid, expected) => {
  expect(othersMayWrite({ mode, uid, gid })).toBe(expected);
});

test('folders of one’s own below /tmp are nobody else’s', () => {
  expect(openFolder(inner, isOwnOrRoot)).toBeNull();
});

test('the nearest that others may write is told, unless it is sticky', () => {
  chmodSync(join(base, 'a'), 0o777);
  expect(openFolder(inner, isOwnOrRoot)).toEqual({ folder: join(base, 'a'), owner: own, isShared: true });
  chmodSync(join(base, 'a'), 0o1777);
  expect(openFolder(inner, isOwnOrRoot)).toBeNull();
});

test.skipIf(own !== 0)('and one of somebody else, sticky or not (root)', () => {
  chownSync(join(base, 'a'), 54_321, 54_321);
  chmodSync(join(base, 'a'), 0o1755);
  expect(openFolder(inner, isOwnOrRoot)).toEqual({ folder: join(base, 'a'), owner: 54_321, isShared: false });
});

test('of a path that is not there yet, the folder counts in which it would be made', () => {
  expect(whoElseMayChange(join(inner, 'not/yet'))).toBeNull();
  chmodSync(inner, 0o777);
  expect(whoElseMayChange(join(inner, 'not/yet'))).toMatchObject({ folder: inner, isShared: true });
});

test.each([
  ['         0          0 4294967295\n', 65_534, false],
  ['         0       1000          1\n', 0, false],
  ['         0       1000          1\n', 65_534, true],
  ['0 1000 1\n1 100000 65536\n', 65_534, false],
  ['0 1000 1\n1 100000 65533\n', 65_534, true],
])('in the map %o, user %i', (map, user, expected) => {
  expect(isUnmapped(user, map)).toBe(expected);
});
