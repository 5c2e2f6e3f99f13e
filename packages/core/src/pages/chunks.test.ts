import { expect, test } from 'vitest';
import { inPieces } from '../in-pieces.ts';
import { chunkSize, chunksInPiece, chunksOf, extentOf, isInOrder } from './chunks.ts';
import type { PagePlace } from './task-memory.ts';

const page = 4096;
const place = (start: number, pages: number, offset: number): PagePlace => ({
  start: start * page,
  length: pages * page,
  offset: offset * page,
});

test('chunks have all places once, in order, and are read at once', () => {
  const places = [place(10, 1000, 0), place(2000, 1, 1001), place(2002, 3, 1010), place(3000, 5000, 1100)];
  const pieces = [...inPieces(chunksOf(places, 4), chunksInPiece)];
  expect(pieces.every((piece) => piece.length <= chunksInPiece)).toBe(true);
  const chunks = pieces.flat();
  for (const chunk of chunks) {
    expect(chunk.length).toBeLessThanOrEqual(4);
    expect(extentOf(chunk).length).toBeLessThanOrEqual(chunkSize);
  }
  const joined: PagePlace[] = [];
  for (const { start, length, offset } of chunks.flat()) {
    const last = joined.at(-1);
    if (last !== undefined && last.start + last.length === start && last.offset + last.length === offset)
      joined.splice(-1, 1, { ...last, length: last.length + length });
    else joined.push({ start, length, offset });
  }
  expect(joined).toEqual(places);
});

test('what belongs nowhere is read only where it is little', () => {
  const near = [...chunksOf([place(0, 1, 0), place(9, 1, 10)], 8)];
  const far = [...chunksOf([place(0, 1, 0), place(9, 1, 50)], 8)];
  expect([near.length, far.length]).toEqual([1, 2]);
});

test('places in order come one behind the other, in memory and in the image', () => {
  expect(isInOrder([])).toBe(true);
  expect(isInOrder([place(0, 2, 0), place(2, 1, 2)])).toBe(true);
  expect(isInOrder([place(0, 2, 0), place(1, 1, 2)])).toBe(false);
  expect(isInOrder([place(0, 2, 0), place(2, 1, 1)])).toBe(false);
  expect(isInOrder([place(2, 1, 0), place(0, 1, 1)])).toBe(false);
});
