import { closeSync, constants, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memfd, syscall, writeMemory } from '@criujs/linux';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionStore } from '../run/session.ts';
import { copyPages } from './copy.ts';
import { copyPieces } from './copy-pieces.ts';
import { frozenTask } from './frozen-task.ts';
import { pagesImage } from './pages-image.ts';
import type { PlaceWriter } from './sink.ts';
import type { PageRun } from './source.ts';

const page = 4096;
const size = 16 << 20;
const nothing = (): void => undefined;
let start = 0;
let bytes: Buffer;

beforeAll(() => {
  start = syscall('mmap', 0, size, 3, 0x22, -1, 0);
  bytes = Buffer.concat(Array.from({ length: size / page }, (_, at) => Buffer.alloc(page, (at % 251) + 1)));
  writeMemory(process.pid, start, bytes);
});
afterAll(() => void syscall('munmap', start, size));

/** A store of one image. */
function storeOf(fd: number): Pick<SessionStore, 'open' | 'silence'> {
  return { open: () => fd, silence: nothing };
}

/** Maps of this memory, from page to page. */
function mapsOf(...parts: readonly [from: number, to: number][]): Parameters<typeof frozenTask>[1] {
  return parts.map(([from, to]) => ({
    vma: { start: start + from * page, end: start + to * page },
    entry: { status: 0x200 },
    pages: 'whole',
  }));
}

function contentOf(runs: readonly PageRun[]): Buffer {
  return Buffer.concat(runs.map((run) => bytes.subarray(run.start - start, run.end - start)));
}

test('memory comes into a file whatever its runs are, even what the process may not read', () => {
  syscall('mprotect', start + 1000 * page, page, 0);
  const scattered = Array.from({ length: 1500 }, (_, at): [number, number] => [2 * at, 2 * at + 1]);
  const cases: (readonly [number, number][])[] = [
    [[0, size / page]],
    [
      [0, 1000],
      [1000, 1001],
      [1003, 2500],
      [2600, 2610],
      [2700, 4096],
    ],
    [...scattered, [3001, 4096]],
  ];
  for (const parts of cases) {
    const file = memfd('pages', new Uint8Array());
    const copy = openSync(`/proc/self/fd/${file}`, 'r');
    const source = frozenTask(process.pid, mapsOf(...parts), nothing);
    const expected = contentOf(source.runs);
    expect(copyPages(source, pagesImage('pages-1.img', storeOf(file)), nothing)).toBe(expected.length);
    expect(readFileSync(copy).equals(expected)).toBe(true);
    closeSync(copy);
  }
  syscall('mprotect', start + 1000 * page, page, 3);
});

test('it goes behind what a file has, and into one that only takes bytes at its end', () => {
  for (const flags of [0, constants.O_APPEND]) {
    const path = join(tmpdir(), `criujs-pages-${process.pid}`);
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | flags, 0o600);
    try {
      writeSync(fd, 'head');
      const source = frozenTask(process.pid, mapsOf([0, size / page]), nothing);
      expect(copyPages(source, pagesImage('pages-1.img', storeOf(fd)), nothing)).toBe(size);
      expect(readFileSync(path).equals(Buffer.concat([Buffer.from('head'), bytes]))).toBe(true);
    } finally {
      rmSync(path);
    }
  }
});

test('memory that has gone is an error, and so is a file that takes no more', () => {
  const gone = syscall('mmap', 0, size, 3, 0x22, -1, 0);
  const vma = { start: gone, end: gone + size };
  const source = frozenTask(process.pid, [{ vma, entry: { status: 0x200 }, pages: 'whole' }], nothing);
  syscall('munmap', gone + (size >> 1), size >> 1);
  const file = memfd('pages', new Uint8Array());
  expect(() => copyPages(source, pagesImage('pages-1.img', storeOf(file)), nothing)).toThrowError(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  );
  syscall('munmap', gone, size >> 1);

  const full = frozenTask(process.pid, mapsOf([0, size / page]), nothing);
  const sink = pagesImage('pages-1.img', storeOf(openSync('/dev/full', 'w')));
  expect(() => copyPages(full, sink, nothing)).toThrowError(expect.objectContaining({ code: 'IMAGES_FULL' }));
});

test('an abort ends it early', () => {
  const source = frozenTask(process.pid, mapsOf([0, size / page]), nothing);
  let calls = 0;
  const places: PlaceWriter = {
    call: () => ['getpid'],
    write: () => {
      if (++calls > 1) throw new Error('went on');
    },
  };
  const abort = (): never => {
    throw new Error('aborted');
  };
  if (source.pieces === null) throw new Error('it has no pieces');
  const { pieces } = source;
  expect(() => copyPieces(source.runs, pieces, places, abort)).toThrow('aborted');
  source.close();
});
