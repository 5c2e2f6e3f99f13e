import { arena, type Block, type ExpectedCall, syscall, trySyscall } from '@criujs/linux';
import { mapFlag, protection } from '../facts/memory.ts';
import { userfault } from '../facts/userfaultfd.ts';
import { isOrdered, overlaps, type Range } from '../memory/ranges.ts';
import { sideBySide } from './side-by-side.ts';
import type { PagePlace } from './task-memory.ts';

// Memory that has no pages yet gets them from userfaultfd(2): the kernel copies an image's page straight into a new one. A task
// that reads a page into place meets a fault first, and the kernel fills the page with zeros before it is written over.

/** A part of the image that is mapped at once, in bytes: about two milliseconds. */
const windowSize = 4 << 20;
/** Less than this in a row is read by the task: a call for each piece would take longer. */
const least = 64 << 10;
/** The most places in a piece. */
const mostPlaces = windowSize / least;
/** Less than this altogether is not worth the preparations. */
const worthwhile = 4 << 20;

/** Memory of a task to which the engine has the userfaultfd. */
export interface FreshMemory {
  /** A descriptor of the engine's for the userfaultfd. */
  readonly userfaultfd: number;
  /** Private memory without a file and without a page, in the order of addresses. */
  readonly spans: readonly Range[];
}

/** Pages that lie close together in the image. */
type Piece = readonly PagePlace[];

/** Those of the places that can be filled so; none where it is not worth while. */
export function placesFor(places: readonly PagePlace[], spans: readonly Range[]): PagePlace[] {
  const ranges = places.map((place) => ({ ...place, end: place.start + place.length }));
  // Images may say anything: what has a page twice is filled in their order.
  if (!isOrdered(ranges)) return [];
  const large = overlaps(ranges, spans)
    .filter(({ start, end, one }) => start === one.start && end === one.end && one.length >= least)
    .map(({ one: { start, length, offset } }) => ({ start, length, offset }));
  return large.reduce((sum, { length }) => sum + length, 0) < worthwhile ? [] : large;
}

/**
 * Copies pages from a file into fresh memory of a task, on several processors at once.
 *
 * @param places from {@link placesFor}
 * @param check called again and again; what it throws ends the copy
 * @returns the places that were not filled, or not completely
 */
export function fillFresh(
  { userfaultfd, spans }: FreshMemory,
  places: readonly PagePlace[],
  file: number,
  check: () => void,
): readonly PagePlace[] {
  if (!register(userfaultfd, spans)) return places;
  const windows: number[] = [];
  try {
    const bench = (): ((piece: Piece) => ExpectedCall[]) => {
      // Addresses only: each part of the image is mapped over the last one.
      const window = syscall('mmap', 0, windowSize, 0, mapFlag.private | mapFlag.anonymous | mapFlag.noReserve, -1, 0);
      windows.push(window);
      const copies = arena.alloc(mostPlaces * userfault.copy.size);
      return (piece) => copyCalls(piece, file, userfaultfd, window, copies);
    };
    return sideBySide({ pieces: piecesOf(places), capacity: 1 + mostPlaces, bench }, check).flat();
  } finally {
    for (const window of windows) syscall('munmap', window, windowSize);
    unregister(userfaultfd, spans);
  }
}

function piecesOf(places: readonly PagePlace[]): Piece[] {
  const pieces: PagePlace[][] = [];
  let piece: PagePlace[] = [];
  for (const { start, length, offset } of places) {
    for (let done = 0; done < length; ) {
      const room = windowSize - (offset + done - (piece[0]?.offset ?? offset + done));
      if (room <= 0 || piece.length === mostPlaces) {
        piece = [];
        continue;
      }
      if (piece.length === 0) pieces.push(piece);
      const part = Math.min(room, length - done);
      piece.push({ start: start + done, length: part, offset: offset + done });
      done += part;
    }
  }
  return pieces;
}

/** An image that has become shorter makes them fail, and so does a page that is there already. */
function copyCalls(piece: Piece, file: number, userfaultfd: number, window: number, copies: Block): ExpectedCall[] {
  const [first, last] = [piece[0] as PagePlace, piece.at(-1) as PagePlace];
  const length = last.offset + last.length - first.offset;
  const how = mapFlag.shared | mapFlag.fixed;
  return [
    { call: ['mmap', window, length, protection.read, how, file, first.offset], expect: window },
    ...piece.map((place, at): ExpectedCall => {
      const from = at * userfault.copy.size;
      setWords(copies, from, [
        place.start,
        window + place.offset - first.offset,
        place.length,
        userfault.copy.dontWake,
      ]);
      return { call: ['ioctl', userfaultfd, userfault.copy.request, copies.address + from], expect: 0 };
    }),
  ];
}

/** false: this kernel, or this memory, does not allow it. */
function register(userfaultfd: number, spans: readonly Range[]): boolean {
  const { api, register } = userfault;
  return arena.scope(() => {
    const block = arena.alloc(register.size);
    setWords(block, 0, [api.number, 0, 0]);
    if (trySyscall('ioctl', userfaultfd, api.request, block.address) !== 0) return false;
    return spans.every(({ start, end }) => {
      setWords(block, 0, [start, end - start, register.missing, 0]);
      return trySyscall('ioctl', userfaultfd, register.request, block.address) === 0;
    });
  });
}

/** What is registered nowhere any more is as if it never had been. */
function unregister(userfaultfd: number, spans: readonly Range[]): void {
  arena.scope(() => {
    const block = arena.alloc(userfault.unregister.size);
    for (const { start, end } of spans) {
      setWords(block, 0, [start, end - start]);
      trySyscall('ioctl', userfaultfd, userfault.unregister.request, block.address);
    }
  });
}

function setWords({ view }: Block, from: number, words: readonly number[]): void {
  words.forEach((word, at) => {
    view.setBigUint64(from + at * 8, BigInt(word), true);
  });
}
