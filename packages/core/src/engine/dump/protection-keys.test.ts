import type { MemoryArea } from '@criujs/engine-kit';
import { errno } from '@criujs/linux';
import { expect, test } from 'vitest';
import { askKeys, keysOf } from './protection-keys.ts';

const answer = (results: readonly number[]): readonly number[] => {
  const inquiry = askKeys()({ reserve: () => 0 });
  expect(inquiry.calls.map(([name]) => name)).toEqual(Array(15).fill('pkey_mprotect'));
  return inquiry.answer(results, () => Buffer.alloc(0)).keys;
};
const free = Array<number>(15).fill(-errno.EINVAL);
const area = (start: number, key: number): MemoryArea => ({
  ...{ start, end: start + 4096, trait: 'protection-key', name: null, key },
});

test('keys that are free, or that the kernel does not have, are nothing', () => {
  expect(answer(free)).toEqual([]);
  expect(answer(Array(15).fill(-errno.ENOSYS))).toEqual([]);
});

test('allocated ones are told by their numbers', () => {
  expect(answer(free.with(2, -errno.ENOMEM).with(14, -errno.ENOMEM))).toEqual([3, 15]);
});

test('a key of memory that is not allocated is the one of the kernel, and counts only beside others', () => {
  const [own, executeOnly] = [area(4096, 3), area(8192, 1)];
  expect(keysOf([3], [own, executeOnly])).toEqual({ keys: [3], executeOnlyKey: 1, areas: [own] });
  expect(keysOf([3], [own])).toEqual({ keys: [3], executeOnlyKey: null, areas: [own] });
  expect(keysOf([], [executeOnly])).toEqual({ keys: [], executeOnlyKey: null, areas: [] });
});
