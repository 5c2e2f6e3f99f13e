import { decodePagemap } from '@criujs/images';
import { expect, test } from 'vitest';
import { pagemapOf, runsOf } from './pagemap.ts';
import { bytesOf, type PageRun } from './source.ts';

const page = 4096;
const run = (start: number, pages: number, lazy = false): PageRun => ({ start, end: start + pages * page, lazy });

test('the map of pages goes there and back, with its flags', () => {
  const runs = [run(0x1000, 3, true), run(0x10000, 1), run(0x7fff_0000_0000, 20_000, true)];
  const { head, entries } = decodePagemap(pagemapOf(7, runs));
  expect(head.pagesId).toBe(7);
  expect(runsOf('pagemap-42.img', entries)).toEqual(runs);
  expect(bytesOf(runs)).toBe(20_004 * page);
});

test('a map of pages that cannot be is refused by name', () => {
  const entriesOf = (...runs: PageRun[]) => decodePagemap(pagemapOf(1, runs)).entries;
  for (const bad of [run(0x1001, 1), run(0x7fff_ffff_f000, 1), run(0x1000, 0)])
    expect(() => runsOf('pagemap-42.img', entriesOf(bad))).toThrowError(
      expect.objectContaining({ code: 'IMAGE_INVALID', resource: 'pagemap-42.img' }),
    );
  const [entry] = entriesOf(run(0x1000, 1));
  if (entry !== undefined) entry.flags = 1;
  expect(() => runsOf('pagemap-42.img', [entry as never])).toThrowError(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  );
  if (entry !== undefined) entry.flags = 0;
  expect(runsOf('pagemap-42.img', [entry as never])).toEqual([]);
});
