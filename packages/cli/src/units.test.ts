import { expect, test } from 'vitest';
import { count, formatBytes, formatMs, numberRanges } from './units.ts';

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [1_600_000, '1.5 MiB'],
  [2 ** 31, '2.0 GiB'],
  [2 ** 60, '1048576.0 TiB'],
])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('times and counts', () => {
  expect([formatMs(3.6), formatMs(3400)]).toEqual(['4 ms', '3.4 s']);
  expect([count(1, 'process', 'processes'), count(2, 'process', 'processes')]).toEqual(['1 process', '2 processes']);
});

test('more than three numbers that follow one another are a range', () => {
  expect(numberRanges([0, 1, 2, 5, 7, 8, 9, 10])).toBe('0,1,2,5,7-10');
});
