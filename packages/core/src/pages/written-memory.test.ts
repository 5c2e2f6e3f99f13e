import { closeSync, ftruncateSync } from 'node:fs';
import { memfd, readMemory, syscall } from '@criujs/linux';
import { expect, test } from 'vitest';
import type { PagePlace } from './task-memory.ts';
import { fillWritten } from './written-memory.ts';

const page = 4096;
const size = 6 << 20;
const nothing = (): void => undefined;

function withMemory(use: (start: number, image: number, bytes: Buffer) => void): void {
  const bytes = Buffer.concat(Array.from({ length: size / page }, (_, at) => Buffer.alloc(page, (at % 251) + 1)));
  const image = memfd('image', bytes);
  const start = syscall('mmap', 0, size, 3, 0x22, -1, 0);
  try {
    use(start, image, bytes);
  } finally {
    closeSync(image);
    syscall('munmap', start, size);
  }
}

test('places are written wherever they are, and nothing else is', () => {
  withMemory((start, image, bytes) => {
    const single = Array.from({ length: 300 }, (_, at) => ({
      start: start + 2 * at * page,
      length: page,
      offset: 3 * at * page,
    }));
    const places: PagePlace[] = [...single, { start: start + (3 << 20), length: 2 << 20, offset: 4 << 20 }];
    expect(fillWritten(process.pid, places, image, nothing)).toEqual([]);
    const expected = Buffer.alloc(size);
    for (const it of places) bytes.copy(expected, it.start - start, it.offset, it.offset + it.length);
    expect(readMemory(process.pid, start, size).equals(expected)).toBe(true);
  });
});

test('what an image has no more, and memory that is none, is left to others', () => {
  withMemory((start, image, bytes) => {
    syscall('munmap', start + (1 << 20), page);
    ftruncateSync(image, 5 << 20);
    const left = fillWritten(process.pid, [{ start, length: size, offset: 0 }], image, nothing);
    const covered = (at: number): boolean => left.some((it) => it.offset <= at && at < it.offset + it.length);
    expect([covered(1 << 20), covered(5 << 20), covered(4 << 20)]).toEqual([true, true, true]);
    expect(readMemory(process.pid, start, 1 << 20).equals(bytes.subarray(0, 1 << 20))).toBe(true);
  });
});
