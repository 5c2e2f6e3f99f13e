import { closeSync, ftruncateSync } from 'node:fs';
import { memfd, readMemory, syscall, trySyscall, writeMemory } from '@criujs/linux';
import { expect, test } from 'vitest';
import { userfault } from '../facts/userfaultfd.ts';
import { fillFresh, placesFor } from './fresh-memory.ts';
import type { PagePlace } from './task-memory.ts';

const page = 4096;
const size = 12 << 20;
const nothing = (): void => undefined;

/** Each page has bytes of its own. */
function content(length: number): Buffer {
  return Buffer.concat(Array.from({ length: length / page }, (_, at) => Buffer.alloc(page, (at % 251) + 1)));
}

/** Memory of this process, and the userfaultfd that a task would have made; skipped where the kernel has none. */
const available = trySyscall('userfaultfd', userfault.closeOnExec | userfault.userModeOnly);
if (available >= 0) closeSync(available);

interface Stand {
  readonly start: number;
  readonly image: number;
  readonly bytes: Buffer;
  fill(places: readonly PagePlace[], check?: () => void): readonly PagePlace[];
  memory(from: number, length: number): Buffer;
}

function withMemory(use: (stand: Stand) => void): void {
  const bytes = content(size);
  const image = memfd('image', bytes);
  const start = syscall('mmap', 0, size, 3, 0x22, -1, 0);
  const userfaultfd = syscall('userfaultfd', userfault.closeOnExec | userfault.userModeOnly);
  try {
    use({
      start,
      image,
      bytes,
      fill: (places, check = nothing) =>
        fillFresh({ userfaultfd, spans: [{ start, end: start + size }] }, places, image, check),
      memory: (from, length) => readMemory(process.pid, start + from, length),
    });
  } finally {
    closeSync(userfaultfd);
    closeSync(image);
    syscall('munmap', start, size);
  }
}

test.runIf(available >= 0)('pages of a file come into fresh memory, and all else stays empty', () => {
  withMemory(({ start, bytes, fill, memory }) => {
    const places = [
      { start, length: 5 << 20, offset: 0 },
      // Somewhere else than in the image, with a gap in both.
      { start: start + (6 << 20), length: 64 << 10, offset: 5 << 20 },
      { start: start + (7 << 20), length: (4 << 20) + page, offset: 6 << 20 },
    ];
    expect(fill(places)).toEqual([]);
    for (const place of places) {
      const filled = memory(place.start - start, place.length);
      expect(filled.equals(bytes.subarray(place.offset, place.offset + place.length))).toBe(true);
    }
    expect(memory(5 << 20, 1 << 20).every((byte) => byte === 0)).toBe(true);
  });
});

test.runIf(available >= 0)('what an image has no more, and what has a page already, is left to others', () => {
  withMemory(({ start, image, bytes, fill, memory }) => {
    const taken = 9 << 20;
    writeMemory(process.pid, start + taken, Buffer.alloc(page, 255));
    ftruncateSync(image, 11 << 20);
    const left = fill([{ start, length: size, offset: 0 }]);
    const covered = (at: number): boolean => left.some((it) => it.offset <= at && at < it.offset + it.length);
    expect(covered(taken)).toBe(true);
    expect(covered(11 << 20)).toBe(true);
    expect(covered(0)).toBe(false);
    expect(memory(0, 8 << 20).equals(bytes.subarray(0, 8 << 20))).toBe(true);
    expect(memory(taken, page).every((byte) => byte === 255)).toBe(true);
  });
});

test.runIf(available >= 0)('an abort ends it, and the memory can be used', () => {
  withMemory(({ start, fill, memory }) => {
    const abort = (): never => {
      throw new Error('aborted');
    };
    expect(() => fill([{ start, length: size, offset: 0 }], abort)).toThrow('aborted');
    expect(memory(size - page, page)).toHaveLength(page);
  });
});

test('memory that allows none is left to others', () => {
  const places = [{ start: 0x10000, length: size, offset: 0 }];
  const image = memfd('image', new Uint8Array(page));
  expect(fillFresh({ userfaultfd: image, spans: [{ start: 0x10000, end: 0x20000 }] }, places, image, nothing)).toBe(
    places,
  );
  closeSync(image);
});

test('large places in fresh memory are worth it, when there is enough of them', () => {
  const places = [
    { start: 0x10000, length: 4 << 20, offset: 0 },
    { start: 0x1000_0000, length: page, offset: 4 << 20 },
    { start: 0x1001_0000, length: 64 << 10, offset: (4 << 20) + page },
  ];
  const all = [{ start: 0x10000, end: 0x2000_0000 }];
  expect(placesFor(places, all)).toEqual([places[0], places[2]]);
  expect(placesFor(places, [])).toEqual([]);
  expect(placesFor(places.slice(1), all)).toEqual([]);
});
