import { syscall, trySyscall } from '@criujs/linux';
import { expect, test } from 'vitest';
import { adviseNoHuge, guardInstall, mapFlag, pageSize, protection } from '../facts/memory.ts';
import { type ScanRange, scanPages } from './scan.ts';

const noFile = -1;
const pages = 8;

/** Maps eight pages, the first six of which were written. */
function mapPages(how: number): number {
  const start = syscall(
    ...(['mmap', 0, pages * pageSize, protection.read | protection.write, how | mapFlag.anonymous, noFile, 0] as const),
  );
  // pread(2) of zeros would not do for private memory: any byte that is written makes the page.
  for (let at = 0; at < 6; at++) syscall('getrandom', start + at * pageSize, 8, 0);
  return start;
}

const hasGuards = trySyscall('madvise', 0, 0, guardInstall) === 0;

test.skipIf(!hasGuards).each([undefined, 'scan', 'scan, guards from entries', 'entries'] as const)(
  'guard pages are found, and nothing in them (%s)',
  (way) => {
    for (const how of [mapFlag.private, mapFlag.shared]) {
      const start = mapPages(how);
      const at = (page: number): number => start + page * pageSize;
      try {
        syscall('madvise', at(2), 2 * pageSize, guardInstall);
        const range: ScanRange = {
          ...{ start, end: at(pages), changedOnly: false, whole: false, guardsOnly: false, lazy: false },
        };
        const scan = (one: ScanRange) => scanPages(process.pid, [one], () => undefined, way);
        const guards = [{ start: at(2), end: at(4) }];
        expect(scan(range)).toMatchObject({
          runs: [
            { start: at(0), end: at(2) },
            { start: at(4), end: at(6) },
          ],
          guards,
        });
        expect(scan({ ...range, guardsOnly: true })).toMatchObject({ runs: [], guards });
        // Side by side in two maps they are one area.
        const halves = [
          { ...range, end: at(3) },
          { ...range, start: at(3) },
        ];
        expect(scanPages(process.pid, halves, () => undefined, way).guards).toEqual(guards);
      } finally {
        syscall('munmap', start, pages * pageSize);
      }
    }
  },
);

/** More than what the kernel tells of in one call. */
const scattered = 9000;

test.each(['scan', 'scan, guards from entries', 'entries'] as const)(
  'thousands of pages that are scattered are found once each, in one map or in many (%s)',
  (way) => {
    const length = 2 * scattered * pageSize;
    const how = mapFlag.private | mapFlag.anonymous;
    const start = syscall(...(['mmap', 0, length, protection.read | protection.write, how, noFile, 0] as const));
    try {
      syscall('madvise', start, length, adviseNoHuge);
      const at = (page: number): number => start + 2 * page * pageSize;
      for (let page = 0; page < scattered; page++) syscall('getrandom', at(page), 8, 0);
      const how = { changedOnly: false, whole: false, guardsOnly: false, lazy: true };
      const runs = Array.from({ length: scattered }, (_, page) => ({
        ...{ start: at(page), end: at(page) + pageSize, lazy: true },
      }));
      const scan = (ranges: readonly ScanRange[]) => scanPages(process.pid, ranges, () => undefined, way).runs;
      expect(scan([{ ...how, start, end: start + length }])).toEqual(runs);
      expect(scan(runs.map(({ start }) => ({ ...how, start, end: start + 2 * pageSize })))).toEqual(runs);
    } finally {
      syscall('munmap', start, length);
    }
  },
);

test.each([undefined, 'entries'] as const)('pages behind many others are found once (%s)', (way) => {
  for (const [scattered, row] of [
    [600, 300],
    [512, 10],
    [8191, 1],
    [8192, 5],
    [9000, 100],
  ] as const) {
    const size = (2 * scattered + row) * pageSize;
    const how = mapFlag.private | mapFlag.anonymous;
    const start = syscall('mmap', 0, size, protection.read | protection.write, how, noFile, 0);
    try {
      const runs: { start: number; end: number }[] = [];
      for (let at = 0; at < scattered; at++) {
        const page = start + 2 * at * pageSize;
        syscall('getrandom', page, 8, 0);
        runs.push({ start: page, end: page + pageSize });
      }
      const last = start + 2 * scattered * pageSize;
      for (let at = 0; at < row; at++) syscall('getrandom', last + at * pageSize, 8, 0);
      runs.push({ start: last, end: last + row * pageSize });
      const range = {
        ...{ start, end: start + size },
        changedOnly: false,
        whole: false,
        guardsOnly: false,
        lazy: false,
      };
      const found = scanPages(process.pid, [range], () => undefined, way).runs.map((it) => ({
        start: it.start,
        end: it.end,
      }));
      expect(found).toEqual(runs);
    } finally {
      syscall('munmap', start, size);
    }
  }
});
