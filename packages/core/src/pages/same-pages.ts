import { pageSize } from '../facts/memory.ts';
import { readAt } from '../files/read-at.ts';
import type { Range } from '../memory/ranges.ts';

/** Bytes in a file. */
export interface FilePart {
  readonly file: number;
  readonly offset: number;
}

/** How much is compared at once, in bytes. */
const chunk = 1 << 20;

/** Finds pages that are the same in two images. */
export type Comparison = (range: Range, one: FilePart, other: FilePart) => Range[];

/**
 * Compares pages of images, through the engine's memory.
 * @param check called before each chunk; what it throws ends the comparison
 */
export function createComparison(check: () => void): Comparison {
  const [left, right] = [Buffer.alloc(chunk), Buffer.alloc(chunk)];
  return ({ start, end }, one, other) => {
    const same: { start: number; end: number }[] = [];
    const add = (from: number, to: number): void => {
      const last = same.at(-1);
      if (last?.end === from) last.end = to;
      else same.push({ start: from, end: to });
    };
    for (let at = start; at < end; at += chunk) {
      const length = Math.min(chunk, end - at);
      const [a, b] = [left.subarray(0, length), right.subarray(0, length)];
      check();
      if (!read(one, a, at - start) || !read(other, b, at - start)) return same;
      if (a.equals(b)) add(at, at + length);
      else {
        for (let page = 0; page < length; page += pageSize)
          if (a.compare(b, page, page + pageSize, page, page + pageSize) === 0) add(at + page, at + page + pageSize);
      }
    }
    return same;
  };
}

/** Whether all of it could be read: an image that became shorter is found out when a task reads it. */
function read({ file, offset }: FilePart, into: Buffer, from: number): boolean {
  return readAt(file, into, offset + from) === into.length;
}
