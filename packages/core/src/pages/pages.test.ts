import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { arena, makePipe, memfd, readMaps } from '@criujs/linux';
import { expect, test } from 'vitest';
import type { SessionStore } from '../run/session.ts';
import { copyPages } from './copy.ts';
import { frozenTask } from './frozen-task.ts';
import { imagePages } from './image-pages.ts';
import { pagesImage } from './pages-image.ts';
import type { PageSink } from './sink.ts';
import type { PageRun, PageSource } from './source.ts';
import { taskMemory } from './task-memory.ts';

const page = 4096;
const run = (start: number, pages: number): PageRun => ({ start, end: start + pages * page, lazy: true });
const nothing = (): void => undefined;

/** A store of one image. */
function storeOf(fd: number, silence: SessionStore['silence'] = nothing): Pick<SessionStore, 'open' | 'silence'> {
  return { open: () => fd, silence };
}

/** Each page has bytes of its own. */
function content(pages: number): Buffer {
  return Buffer.concat(Array.from({ length: pages }, (_, at) => Buffer.alloc(page, (at % 255) + 1)));
}

/** Memory of the arena at an address. */
function ours(address: number, length: number): Buffer {
  const { bytes, address: base } = arena.scope(() => arena.alloc(0));
  return Buffer.from(bytes.buffer, bytes.byteOffset + address - base, length);
}

/** Takes all, in memory. */
function collector(): PageSink & { readonly bytes: () => Buffer; readonly state: () => string } {
  const parts: Buffer[] = [];
  let state = 'open';
  return {
    places: null,
    write: (address, length) => void parts.push(Buffer.from(ours(address, length))),
    end: () => {
      state = 'ended';
      return Buffer.concat(parts).length;
    },
    giveUp: () => {
      state = 'given up';
    },
    bytes: () => Buffer.concat(parts),
    state: () => state,
  };
}

/** Five pages of this process's own memory, as if it were a frozen task's. */
function mapped(): { readonly start: number; readonly bytes: Buffer } {
  const block = arena.alloc(6 * page);
  const start = Math.ceil(block.address / page) * page;
  const bytes = block.bytes.subarray(start - block.address, start - block.address + 5 * page);
  bytes.set(content(5));
  return { start, bytes };
}

test('a task gives its runs in order, in any portions', () => {
  const { start, bytes } = mapped();
  const map = readMaps(process.pid).find((it) => it.start <= start && start < it.end);
  expect(map).toBeDefined();
  const pick = (at: number, pages: number) => ({
    vma: { start: start + at * page, end: start + (at + pages) * page },
    entry: { status: 0x200 },
    pages: 'whole' as const,
  });
  const maps = [pick(0, 2), pick(3, 2), { ...pick(5, 1), pages: 'none' as const }];
  for (const portion of [page, 1000, 3 * page, 1 << 20]) {
    const source = frozenTask(process.pid, maps, nothing);
    expect(source.runs).toMatchObject([run(start, 2), run(start + 3 * page, 2)]);
    const sink = collector();
    arena.scope(() => {
      const { address } = arena.alloc(portion);
      for (let got = source.read(address, portion); got > 0; got = source.read(address, portion))
        sink.write(address, got);
    });
    source.close();
    expect(sink.bytes().equals(Buffer.concat([bytes.subarray(0, 2 * page), bytes.subarray(3 * page)]))).toBe(true);
  }
});

test('a file of pages says that tasks may read it; one that is too short is refused before', () => {
  const bytes = content(5);
  const image = { name: 'pages-1.img', pagemap: 'pagemap-42.img', runs: [run(0x1000, 2), run(0x9000, 3)] };
  const fd = memfd('pages', bytes);
  const source = imagePages(image, storeOf(fd));
  expect(source.file).toBe(fd);
  const sink = collector();
  expect(copyPages(source, sink, nothing)).toBe(bytes.length);
  expect(sink.bytes().equals(bytes)).toBe(true);
  const short = memfd('short', bytes.subarray(1));
  expect(() => imagePages(image, storeOf(short))).toThrowError(
    expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringContaining('pages-1.img: 20479 bytes') }),
  );
  expect(() => fstatSync(short)).toThrowError(expect.objectContaining({ code: 'EBADF' }));
});

test('a stream of pages comes in whatever portions; one that ends early is an error, and what was copied is given up', () => {
  const bytes = content(5);
  const image = { name: 'pages-1.img', pagemap: 'pagemap-42.img', runs: [run(0x1000, 5)] };
  for (const whole of [true, false]) {
    const [read, write] = makePipe();
    const rest = [bytes.subarray(0, 5000), bytes.subarray(5000, whole ? bytes.length : -1)];
    // Whoever feeds the stream does so while it is waited for.
    const feed = (): void => {
      const next = rest.shift();
      if (next !== undefined) writeSync(write, next);
      if (rest.length === 0) closeSync(write);
    };
    const source = imagePages(image, storeOf(read, feed));
    expect(source.file).toBe(null);
    const sink = collector();
    const copy = (): number => copyPages(source, sink, nothing);
    if (whole) expect(copy()).toBe(bytes.length);
    else
      expect(copy).toThrowError(
        expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringContaining('20479 bytes, but') }),
      );
    expect(sink.state()).toBe(whole ? 'ended' : 'given up');
    expect(sink.bytes().equals(bytes.subarray(0, whole ? undefined : -1))).toBe(true);
    source.close();
    expect(() => fstatSync(read)).toThrowError(expect.objectContaining({ code: 'EBADF' }));
  }
});

test('a wait for a stream ends with what its silence throws', () => {
  const [read, write] = makePipe();
  const image = { name: 'pages-1.img', pagemap: 'pagemap-42.img', runs: [run(0x1000, 5)] };
  const stop = (name: string, ms: number): void => {
    if (ms > 50) throw new Error(`enough of ${name}`);
  };
  const source = imagePages(image, storeOf(read, stop));
  expect(() => copyPages(source, collector(), nothing)).toThrowError('enough of pages-1.img');
  closeSync(write);
});

/** Gives bytes from memory. */
function sourceOf(bytes: Buffer): PageSource {
  let done = 0;
  return {
    runs: [],
    file: null,
    pieces: null,
    read(address, length) {
      const part = bytes.subarray(done, done + length);
      ours(address, part.length).set(part);
      done += part.length;
      return part.length;
    },
    close: nothing,
  };
}

test('an image of pages is written to a file and to a pipe alike', () => {
  const bytes = content(600);
  const file = memfd('pages', new Uint8Array());
  const copy = openSync(`/proc/self/fd/${file}`, 'r');
  expect(copyPages(sourceOf(bytes), pagesImage('pages-1.img', storeOf(file)), nothing)).toBe(bytes.length);
  expect(readFileSync(copy).equals(bytes)).toBe(true);
  closeSync(copy);

  const [read, write] = makePipe();
  const got: Buffer[] = [];
  const drain = (): void => {
    const piece = Buffer.alloc(1 << 20);
    got.push(piece.subarray(0, readSync(read, piece)));
  };
  expect(copyPages(sourceOf(bytes), pagesImage('pages-1.img', storeOf(write, drain)), nothing)).toBe(bytes.length);
  for (drain(); got.at(-1)?.length !== 0; drain());
  expect(Buffer.concat(got).equals(bytes)).toBe(true);
  closeSync(read);

  const [end, broken] = makePipe();
  closeSync(end);
  expect(() => copyPages(sourceOf(bytes), pagesImage('pages-1.img', storeOf(broken)), nothing)).toThrowError(
    expect.objectContaining({ code: 'IMAGES_UNWRITABLE', resource: 'pages-1.img' }),
  );
  expect(() => fstatSync(broken)).toThrowError(expect.objectContaining({ code: 'EBADF' }));
});

test('a task gets its pages where they belong, and bytes of no place are dropped', () => {
  const { start, bytes } = mapped();
  bytes.fill(0);
  const from = content(2000);
  // Two pages of the image in a row that lie apart in memory, one that belongs nowhere before and behind them.
  const places = [
    { start: start + page, length: page, offset: page },
    { start: start + 3 * page, length: page, offset: 2 * page },
    { start, length: page, offset: 1999 * page },
  ];
  expect(copyPages(sourceOf(from), taskMemory(process.pid, places, 'mm-42.img'), nothing)).toBe(3 * page);
  const expected = Buffer.alloc(5 * page);
  for (const { start: at, length, offset } of places) from.copy(expected, at - start, offset, offset + length);
  expect(bytes.equals(expected)).toBe(true);
});

test('a place that is none is blamed on the image', () => {
  const places = [{ start: 0x1000, length: page, offset: 0 }];
  expect(() => copyPages(sourceOf(content(1)), taskMemory(process.pid, places, 'mm-42.img'), nothing)).toThrowError(
    expect.objectContaining({ code: 'IMAGE_INVALID', resource: 'mm-42.img' }),
  );
});
