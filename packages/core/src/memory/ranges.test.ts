import { expect, test } from 'vitest';
import { isOrdered, minus, overlaps } from './ranges.ts';

const at = (...borders: readonly number[]) =>
  borders.flatMap((start, index) => (index % 2 === 0 ? [{ start, end: borders[index + 1] as number }] : []));

test.each([
  ['nothing to take away', at(0, 10), at(), at(0, 10)],
  ['a piece out of the middle', at(0, 10), at(3, 5), at(0, 3, 5, 10)],
  ['both ends', at(2, 10), at(0, 3, 9, 12), at(3, 9)],
  ['all of it', at(2, 4, 6, 8), at(0, 10), at()],
  ['one piece out of two areas', at(0, 4, 6, 10), at(3, 7), at(0, 3, 7, 10)],
  ['pieces before, between and behind', at(10, 20, 30, 40), at(0, 5, 22, 25, 50, 60), at(10, 20, 30, 40)],
  ['many pieces out of one area', at(0, 10), at(0, 1, 2, 3, 4, 5, 9, 10), at(1, 2, 3, 4, 5, 9)],
])('minus: %s', (_, areas, others, left) => {
  expect(minus(areas, others).map(({ start, end }) => ({ start, end }))).toEqual(left);
});

test('minus tells what each part is of', () => {
  const areas = at(0, 4, 6, 10);
  expect(minus(areas, at(1, 2)).map(({ of }) => areas.indexOf(of))).toEqual([0, 0, 1]);
});

test('overlaps: every common part, with both that have it', () => {
  const [ones, others] = [at(0, 10, 20, 30, 40, 50), at(5, 25, 25, 28, 45, 60)];
  expect(
    overlaps(ones, others).map(({ start, end, one, other }) => [start, end, ones.indexOf(one), others.indexOf(other)]),
  ).toEqual([
    [5, 10, 0, 0],
    [20, 25, 1, 0],
    [25, 28, 1, 1],
    [45, 50, 2, 2],
  ]);
});

test('areas that touch are in order, those that overlap are not', () => {
  expect(isOrdered(at(0, 2, 2, 4))).toBe(true);
  expect(isOrdered(at(0, 3, 2, 4))).toBe(false);
  expect(isOrdered(at(4, 5, 0, 1))).toBe(false);
});
