import { expect, test } from 'vitest';
import { hugeMaps, hugePageCalls } from './huge-pages.ts';
import type { MapPlan } from './layout.ts';

const MiB = 1 << 20;

/** A map with advice. */
function map(start: number, size: number, madv: bigint): MapPlan {
  return { start, end: start + size, entry: { madv } } as unknown as MapPlan;
}

const place = (start: number, length: number, offset: number) => ({ start, length, offset });
const advised = map(64 * MiB, 8 * MiB, 1n << 14n);
const forbidden = map(128 * MiB, 8 * MiB, 1n << 15n);
const plain = map(256 * MiB, 8 * MiB, 0n);
const full = [advised, forbidden, plain].map((it, at) => place(it.start, 8 * MiB, at * 8 * MiB));

test('memory gets huge pages where it asked for them, or where the kernel makes them everywhere', () => {
  const maps = [advised, forbidden, plain];
  expect([...hugeMaps(maps, full, 'madvise')]).toEqual([advised]);
  expect([...hugeMaps(maps, full, 'always')]).toEqual([advised, plain]);
  expect([...hugeMaps(maps, full, 'never')]).toEqual([]);
});

test('memory that would grow by it gets none', () => {
  const most = [place(advised.start, 7.5 * MiB, 0)];
  const some = [place(advised.start, 2 * MiB, 0), place(advised.start + 5 * MiB, MiB, 2 * MiB)];
  const scattered = Array.from({ length: 100 }, (_, at) => place(advised.start + at * 8192, 4096, at * 4096));
  expect(hugeMaps([advised], most, 'madvise').size).toBe(1);
  expect(hugeMaps([advised], some, 'madvise').size).toBe(0);
  expect(hugeMaps([advised], scattered, 'madvise').size).toBe(0);
  expect(hugeMaps([advised], [], 'madvise').size).toBe(0);
  expect(hugeMaps([advised], [...most, ...most], 'madvise').size).toBe(0);
});

test('runs of pages in one huge page count once', () => {
  const halves = Array.from({ length: 8 }, (_, at) => place(advised.start + at * MiB, MiB - 4096, at * MiB));
  expect(hugeMaps([advised], halves, 'madvise').size).toBe(1);
});

test('advice is given before the pages come, where it decides about them', () => {
  const maps = [advised, forbidden, plain];
  const advice = (policy: 'always' | 'madvise') =>
    hugePageCalls(maps, hugeMaps(maps, full, policy), policy).map(({ args }) => [args[0], args[2]]);
  expect(advice('madvise')).toEqual([[advised.start, 14]]);
  expect(advice('always')).toEqual([[forbidden.start, 15]]);
});
