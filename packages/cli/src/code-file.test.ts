import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { distrustFound, distrustNamed, trustedUsers } from './code-file.ts';

let root: string;
let file: string;
const own = process.geteuid?.() ?? 0;
const users = new Set([own, 0]);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'criujs-code-'));
  mkdirSync(join(root, 'project'), { mode: 0o755 });
  file = join(root, 'project', 'criu.config.js');
  writeFileSync(file, '', { mode: 0o644 });
});

afterEach(() => rmSync(root, { recursive: true }));

test('a file of one’s own in a folder of one’s own is run, below a folder for all where names are safe', () => {
  expect(distrustNamed(file)).toBeNull();
  expect(distrustFound(file, users)).toBeNull();
});

test('a file that others may write is not run, named or not', () => {
  chmodSync(file, 0o666);
  for (const found of [distrustNamed(file), distrustFound(file, users)])
    expect(found).toEqual({ why: `others than its owner may write ${file}`, remedy: `Run chmod go-w ${file}` });
});

test('in a folder that others may write, a file must be named', () => {
  chmodSync(join(root, 'project'), 0o777);
  expect(distrustFound(file, users)?.why).toBe(`others may write the folder ${join(root, 'project')}`);
  expect(distrustNamed(file)).toBeNull();
});

test('so must one that belongs to somebody else', () => {
  expect(distrustFound(file, new Set([own + 1]))).toEqual({
    why: `it belongs to user ${own}`,
    remedy: `Name it with --config ${file}`,
  });
});

test.skipIf(own !== 0)('and one in a folder that belongs to somebody else (root)', () => {
  chownSync(join(root, 'project'), 54_321, 54_321);
  expect(distrustFound(file, users)?.why).toBe(`user 54321 owns the folder ${join(root, 'project')}`);
  expect(distrustFound(file, new Set([0, 54_321]))).toBeNull();
});

test.skipIf(own !== 0)('a group that is the user’s own is nobody else (root)', () => {
  chownSync(file, 54_321, 54_321);
  chmodSync(file, 0o664);
  expect(distrustNamed(file)).toBeNull();
  chownSync(file, 54_321, 100);
  expect(distrustNamed(file)).not.toBeNull();
});

test('root trusts who has called sudo; others do not believe the environment', () => {
  expect([...trustedUsers({ SUDO_UID: '1000' }, 0)]).toEqual([0, 1000]);
  expect([...trustedUsers({ SUDO_UID: '1000' }, 7)]).toEqual([7, 0]);
  expect([...trustedUsers({ SUDO_UID: 'x' }, 0)]).toEqual([0]);
});
