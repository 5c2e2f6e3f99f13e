import { expect, test } from 'vitest';
import { findHole } from './hole.ts';

const map = (start: number, end: number) => ({ start, end });

test('it lies in the middle of the largest gap', () => {
  const maps = [map(0x1_0000, 0x2_0000), map(0x2_1000, 0x3_0000), map(0x5000_0000, 0x7fff_ffff_f000)];
  expect(findHole(maps, 0x8000)).toBe(0x2801_4000);
});

test('what the kernel has behind the end of a program counts for nothing', () => {
  const maps = [map(0x1_0000, 0x7fff_ffff_f000), map(0xffff_ffff_ff60_0000, 0xffff_ffff_ff60_1000)];
  expect(findHole(maps, 0x1000)).toBe(null);
  expect(findHole([], 0x1000)).toBeGreaterThan(0x3fff_0000_0000);
});

test('a gap that is too small is none', () => {
  const maps = [map(0x1_0000, 0x7fff_ffff_0000), map(0x7fff_ffff_2000, 0x7fff_ffff_f000)];
  expect(findHole(maps, 0x2000)).toBe(0x7fff_ffff_0000);
  expect(findHole(maps, 0x3000)).toBe(null);
});
