import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, closeFd } from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { UndoCall } from './hold-guard.ts';
import { prepareLastCalls } from './last-calls.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-last-'));
  writeFileSync(join(folder, 'file'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

const there = (): boolean => existsSync(join(folder, 'file'));

/** Removes the file by way of a descriptor of its folder. */
function removal(fd: number): UndoCall {
  return ['unlinkat', { fd }, Buffer.from('file\0'), 0];
}

test('calls are made when they are due, and those that fail are counted', () => {
  const fd = openSync(folder, 'r');
  const last = prepareLastCalls([removal(fd), ['unlinkat', AT_FDCWD, Buffer.from('/nowhere/at/all\0'), 0]]);
  last.arm();
  expect(there()).toBe(true);
  expect(last.run()).toBe(1);
  expect(there()).toBe(false);
  last.end();
  closeFd(fd);
});

test('once they are armed they are made, also when nobody asks for them any more', () => {
  const fd = openSync(folder, 'r');
  const last = prepareLastCalls([removal(fd)]);
  last.arm();
  last.end();
  expect(there()).toBe(false);
  closeFd(fd);
});

test('what is not armed is not made', () => {
  const fd = openSync(folder, 'r');
  prepareLastCalls([removal(fd)]).end();
  expect(there()).toBe(true);
  closeFd(fd);
});

test('without calls there is nobody', () => {
  const last = prepareLastCalls([]);
  last.arm();
  expect(last.run()).toBe(0);
  last.end();
});
