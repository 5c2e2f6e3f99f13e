import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, VmaEntrySchema } from '@criujs/images';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mapFlag, pageSize, protection, vmaStatus } from '../../facts/memory.ts';
import { kindOfMap } from '../../kinds/maps/table.ts';
import { type MemoryOfTask, planCopies } from './copies.ts';
import { type MapPlan, planFills } from './layout.ts';

// Pages are letters: the image of a process is a string, and so is the memory that a map has.

let directory: string;
const opened: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'criujs-copies-'));
});

afterEach(() => {
  for (const fd of opened.splice(0)) closeSync(fd);
  rmSync(directory, { recursive: true });
});

const address = (page: number): number => 0x10000 + page * pageSize;

interface Place {
  readonly from: number;
  readonly to: number;
  readonly flags?: number;
  readonly file?: number;
  readonly prot?: number;
}

function map({ from, to, flags = mapFlag.private, file, prot = protection.read | protection.write }: Place): MapPlan {
  const ofFile = file !== undefined;
  const entry = create(VmaEntrySchema, {
    ...{ start: BigInt(address(from)), end: BigInt(address(to)), prot },
    flags: flags | (ofFile ? 0 : mapFlag.anonymous),
    status: vmaStatus.regular | (ofFile ? vmaStatus.filePrivate : vmaStatus.anonymousPrivate),
    ...(ofFile && { shmid: BigInt(file), pgoff: BigInt(from * pageSize) }),
  });
  const place = { start: address(from), end: address(to) };
  return { ...place, entry, kind: kindOfMap(entry), traits: new Set(), filled: false, object: null, device: null };
}

/** @param pages a letter for the content of each page from the first one on; a space for none */
function task(pid: number, ppid: number, places: readonly Place[], pages: string): MemoryOfTask {
  const maps = places.map(map);
  const path = join(directory, String(pid));
  const letters = [...pages].flatMap((letter, page) => (letter === ' ' ? [] : [{ letter, page }]));
  writeFileSync(path, letters.map(({ letter }) => letter.repeat(pageSize)).join(''));
  const file = openSync(path, 'r');
  opened.push(file);
  const runs = letters.map(({ page }) => ({ start: address(page), end: address(page + 1), lazy: false }));
  return { image: { pid, ppid }, memory: { maps, fills: planFills('pagemap', runs, maps, null) }, pages: { file } };
}

/** Page numbers instead of addresses. */
function shown(tasks: readonly MemoryOfTask[], pid: number) {
  const stages = planCopies(tasks, () => undefined).find(({ image }) => image.pid === pid)?.stages;
  const page = (at: number): number => (at - 0x10000) / pageSize;
  const pagesOf = (list: readonly { start: number; length: number }[] | undefined) =>
    list?.flatMap(({ start, length }) => Array.from({ length: length / pageSize }, (_, index) => page(start) + index));
  return {
    kept: stages?.early?.kept.map(({ map, end, discards }) => ({
      from: page(map.start),
      to: page(end),
      discards: discards.flatMap(({ start, end }) => [page(start), page(end)]),
    })),
    made: stages?.early?.maps.map(({ start }) => page(start)),
    filled: pagesOf(stages?.early?.fills),
    later: stages?.late.maps.map(({ start }) => page(start)),
    filledLater: pagesOf(stages?.late.fills),
  };
}

test('a child keeps what is the same, fills what is not, and discards what it has not', () => {
  const tasks = [
    task(
      1,
      0,
      [
        { from: 0, to: 6 },
        { from: 8, to: 10 },
      ],
      'abcd    xy',
    ),
    task(
      2,
      1,
      [
        { from: 0, to: 6 },
        { from: 8, to: 10 },
      ],
      'aBc ef  zz',
    ),
  ];
  expect(shown(tasks, 1)).toEqual({ made: [0], kept: [], filled: [0, 1, 2, 3], later: [8], filledLater: [8, 9] });
  expect(shown(tasks, 2)).toEqual({
    kept: [{ from: 0, to: 6, discards: [3, 4] }],
    ...{ made: [], filled: [1, 4, 5], later: [8], filledLater: [8, 9] },
  });
});

test('a longer map goes on behind the copy, a shorter one ends before, a later one begins in it', () => {
  const parent = task(
    1,
    0,
    [
      { from: 0, to: 4 },
      { from: 10, to: 14 },
    ],
    'abcd      efgh',
  );
  const child = task(
    2,
    1,
    [
      { from: 0, to: 6 },
      { from: 11, to: 12 },
    ],
    'abcdef     f',
  );
  const { kept, filled } = shown([parent, child], 2);
  expect(kept).toEqual([
    { from: 0, to: 4, discards: [] },
    { from: 11, to: 12, discards: [] },
  ]);
  expect(filled).toEqual([4, 5]);
});

test('a grandchild keeps what its parent has kept', () => {
  const places = [{ from: 0, to: 2 }];
  const tasks = [task(1, 0, places, 'ab'), task(2, 1, places, 'ac'), task(3, 2, places, 'ac')];
  expect(shown(tasks, 3)).toMatchObject({ kept: [{ from: 0, to: 2 }], filled: [] });
});

test('a process without a page in common with its parent is made as one that has none', () => {
  const places = [{ from: 0, to: 2 }];
  const tasks = [task(1, 0, places, 'ab'), task(2, 1, places, 'cd')];
  for (const pid of [1, 2]) expect(shown(tasks, pid)).toMatchObject({ later: [0], filledLater: [0, 1] });
  expect(shown(tasks, 2).kept).toBeUndefined();
});

test.each<[string, Place, Place]>([
  ['begins before the parent’s', { from: 1, to: 4 }, { from: 0, to: 4 }],
  ['has other flags', { from: 0, to: 4 }, { from: 0, to: 4, flags: mapFlag.private | mapFlag.noReserve }],
  ['is of a file', { from: 0, to: 4 }, { from: 0, to: 4, file: 7 }],
  ['is of another file', { from: 0, to: 4, file: 8 }, { from: 0, to: 4, file: 7 }],
])('no copy: a map that %s', (_, of, its) => {
  const tasks = [task(1, 0, [of], ' bcd'), task(2, 1, [its], ' bcd')];
  expect(shown(tasks, 2)).toMatchObject({ kept: undefined, later: [its.from] });
});

test('a copy may have another protection, a lock, and be of the same file', () => {
  const of = { from: 0, to: 4, file: 7 };
  const its = { ...of, prot: protection.read, flags: mapFlag.private | mapFlag.locked };
  expect(shown([task(1, 0, [of], 'abcd'), task(2, 1, [its], 'abcd')], 2).kept).toHaveLength(1);
});

test('streams are not compared, and images that have a page twice neither', () => {
  const places = [{ from: 0, to: 2 }];
  const [parent, child] = [task(1, 0, places, 'ab'), task(2, 1, places, 'ab')];
  expect(shown([parent, { ...child, pages: { file: null } }], 2).kept).toBeUndefined();
  const fills = [...child.memory.fills, ...child.memory.fills];
  expect(shown([parent, { ...child, memory: { ...child.memory, fills } }], 2)).toMatchObject({
    filledLater: [0, 1, 0, 1],
  });
});

test('an abort ends the comparison', () => {
  const places = [{ from: 0, to: 2 }];
  const tasks = [task(1, 0, places, 'ab'), task(2, 1, places, 'ab')];
  expect(() =>
    planCopies(tasks, () => {
      throw new Error('aborted');
    }),
  ).toThrow('aborted');
});
