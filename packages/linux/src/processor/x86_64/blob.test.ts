import { expect, test } from 'vitest';
import { batchTable } from './blob.ts';

test('a call takes 64 bytes: number, arguments, result', () => {
  const table = batchTable([['getpid'], ['mmap', 0x7f0000000000, 4096, 3, 0x22, -1, 2n ** 64n - 4096n]]);
  expect(table).toHaveLength(128);
  expect(Array.from({ length: 16 }, (_, index) => table.readBigUInt64LE(index * 8))).toEqual([
    39n,
    0n,
    0n,
    0n,
    0n,
    0n,
    0n,
    0n,
    9n,
    0x7f0000000000n,
    4096n,
    3n,
    0x22n,
    2n ** 64n - 1n,
    2n ** 64n - 4096n,
    0n,
  ]);
});

test('numbers that a register cannot hold are refused', () => {
  expect(() => batchTable([['close', 1.5]])).toThrowError('got 1.5');
  expect(() => batchTable([['close', 1, 2, 3, 4, 5, 6, 7]])).toThrowError('close has 7 arguments');
});
