import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkOwner, ownerOfImages } from './owner.ts';

let directory: string;
const own = process.geteuid?.() ?? 0;
const names = ['core-7.img', 'inventory.img', 'pages-1.img'];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'criujs-owner-'));
  for (const name of names) writeFileSync(join(directory, name), '', { mode: 0o600 });
});

afterEach(() => rmSync(directory, { recursive: true }));

test('images of one user that nobody else may write belong to that user', () => {
  expect(ownerOfImages(directory, names)).toBe(own);
  expect(ownerOfImages(directory, names, 0)).toBe(own);
});

test('another user than root and the owner is refused', () => {
  const refused = expect.objectContaining({ code: 'IMAGES_UNTRUSTED', resource: 'inventory.img' });
  if (own === 0) expect(ownerOfImages(directory, names, 4711)).toBe(0);
  else expect(() => ownerOfImages(directory, names, own + 1)).toThrow(refused);
});

test('one that others may write is refused, and what is no file left to whoever opens it', () => {
  symlinkSync('/etc/passwd', join(directory, 'files.img'));
  expect(ownerOfImages(directory, [...names, 'files.img'])).toBe(own);
  chmodSync(join(directory, 'pages-1.img'), 0o660);
  expect(() => ownerOfImages(directory, names)).toThrow(
    expect.objectContaining({
      code: 'IMAGES_UNTRUSTED',
      resource: 'pages-1.img',
      remedy: expect.stringContaining('chmod'),
    }),
  );
});

test.each([
  [{ uid: 5, mode: 0o100600 }, 5, null],
  [{ uid: 5, mode: 0o100644 }, 5, null],
  [{ uid: 6, mode: 0o100600 }, 5, 'belongs to user 6'],
  [{ uid: 5, mode: 0o100620 }, 5, '(mode 620)'],
  [{ uid: 5, mode: 0o100602 }, 5, '(mode 602)'],
  [{ uid: 6, mode: 0o100666 }, null, null],
] as const)('an open image of %o for owner %s: %s', (stat, owner, message) => {
  const check = (): void => checkOwner(stat, owner, '/images/core-7.img', 'core-7.img');
  if (message === null) expect(check).not.toThrow();
  else expect(check).toThrow(message);
});
