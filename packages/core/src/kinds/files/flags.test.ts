import { expect, test } from 'vitest';
import { accessOf, descriptionFlags, openFlag, reopenFlags } from './flags.ts';

test('what creates, empties or takes a terminal is never asked for again', () => {
  const { O_CREAT, O_EXCL, O_TRUNC, O_NOCTTY, O_CLOEXEC } = openFlag;
  expect(reopenFlags(0xffff_ffff) & (O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY)).toBe(0);
  expect(reopenFlags(0)).toBe(O_CLOEXEC);
});

test('how the file behaves is asked for again', () => {
  const { O_RDWR, O_APPEND, O_NONBLOCK, O_DIRECT, O_SYNC, O_NOATIME, O_CLOEXEC } = openFlag;
  const wanted = O_RDWR | O_APPEND | O_NONBLOCK | O_DIRECT | O_SYNC | O_NOATIME;
  expect(reopenFlags(wanted)).toBe(wanted | O_CLOEXEC);
});

test('a file made with O_TMPFILE and named since is opened as a file', () => {
  expect(reopenFlags(0o20200002)).toBe(openFlag.O_RDWR | openFlag.O_CLOEXEC);
});

test('access and description', () => {
  expect([0, 1, 2, 0o2001].map(accessOf)).toEqual(['read', 'write', 'both', 'write']);
  expect(descriptionFlags(0o2000001)).toBe(1);
});
