import { expect, test } from 'vitest';
import { sampleFile } from '../../test/files-samples.ts';
import type { SeenFile } from '../kinds/files/held.ts';
import { groupFiles } from './same.ts';

function counter(): () => number {
  let last = 0;
  return () => ++last;
}

test('a thousand descriptors of one inode cost far less than a comparison of each with each', () => {
  const files = Array.from({ length: 1000 }, (_, at) => sampleFile({ link: '/a', pid: 1 + (at % 3), fd: at }));
  let comparisons = 0;
  // Every hundred descriptors share one open file; the kernel's order has nothing to do with their numbers.
  const kernel = (fd: number): number => ((fd % 100) * 37) % 101;
  const { all, idOf } = groupFiles(files, counter(), (a, b) => {
    comparisons++;
    const [one, other] = [kernel(a.fd), kernel(b.fd)];
    return one === other ? 0 : one < other ? 1 : 2;
  });
  expect(all).toHaveLength(100);
  expect(all.every(({ holders }) => holders.length === 10)).toBe(true);
  expect(comparisons).toBeLessThan(10_000);
  for (const file of files) expect(idOf(file)).toBe((file.fd % 100) + 1);
});

test('ids are given in the order of the first descriptor', () => {
  const files: SeenFile[] = ['/c', '/a', '/b'].map((link, fd) => sampleFile({ link, fd }));
  const { all, idOf } = groupFiles(files, counter(), () => 2);
  expect(all.map(({ id, seen }) => [id, seen.link])).toEqual([
    [1, '/c'],
    [2, '/a'],
    [3, '/b'],
  ]);
  expect(idOf({ pid: 1, fd: 0 })).toBeUndefined();
});

test('an outsider who moves the position or changes flags between two looks does not split a shared file', () => {
  const files = [
    sampleFile({ link: '/log', fd: 1, info: { position: 10n } }),
    sampleFile({ link: '/log', fd: 2, flags: 0o4002, info: { position: 20n } }),
  ];
  expect(groupFiles(files, counter(), () => 0).all.map(({ holders }) => holders)).toEqual([
    [
      { pid: 4242, fd: 1 },
      { pid: 4242, fd: 2 },
    ],
  ]);
});

test('different inodes are never compared', () => {
  const files = ['/a', '/b'].map((link, fd) => sampleFile({ link, fd }));
  expect(
    groupFiles(files, counter(), () => {
      throw new Error('compared');
    }).all,
  ).toHaveLength(2);
});
