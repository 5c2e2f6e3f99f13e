import { arena, type Block, type ExpectedCall, trySyscall } from '@criujs/linux';
import { userfault } from '../facts/userfaultfd.ts';
import { inPieces } from '../in-pieces.ts';
import { overlaps, type Range } from '../memory/ranges.ts';
import { type Chunk, chunkSize, chunksInPiece, chunksOf, extentOf } from './chunks.ts';
import { sideBySide, worthwhile } from './side-by-side.ts';
import type { PagePlace } from './task-memory.ts';

// Memory that has no pages yet gets them from userfaultfd(2): the kernel copies bytes straight into a new page. A task that reads
// into its memory meets a fault for each page, which the kernel fills with zeros before it is written over; that takes longer than
// the second copy here, which is in the processor's cache.

/** Less than this in a row is read by the task: a call for each would take longer. */
const least = 64 << 10;
/** The most places in a chunk. */
const mostPlaces = chunkSize / least;

/** Memory of a task to which the engine has the userfaultfd. */
interface FreshMemory {
  /** A descriptor of the engine's for the userfaultfd. */
  readonly userfaultfd: number;
  /** Private memory without a file and without a page, in the order of addresses. */
  readonly spans: readonly Range[];
}

/**
 * Those of the places that can be filled so; none where it is not worth while.
 * @param places in order
 */
export function placesFor(places: readonly PagePlace[], spans: readonly Range[]): readonly PagePlace[] {
  const large = places
    .filter(({ length }) => length >= least)
    .map((place) => ({ ...place, end: place.start + place.length }));
  const fresh = overlaps(large, spans)
    .filter(({ start, end, one }) => start === one.start && end === one.end)
    .map(({ one: { start, length, offset } }) => ({ start, length, offset }));
  return fresh.reduce((sum, { length }) => sum + length, 0) < worthwhile ? [] : fresh;
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
  const failed: PagePlace[] = [];
  try {
    const work = {
      pieces: inPieces(chunksOf(places, mostPlaces), chunksInPiece),
      capacity: chunksInPiece * (1 + mostPlaces),
      bench: () => {
        const buffer = arena.alloc(chunkSize);
        const copies = arena.alloc(chunksInPiece * mostPlaces * userfault.copy.size);
        return (piece: readonly Chunk[]) =>
          piece.flatMap((chunk, at) => copyCalls(chunk, file, userfaultfd, buffer, part(copies, at)));
      },
      failed: (piece: readonly Chunk[]) => failed.push(...piece.flat()),
    };
    sideBySide(work, check);
    return failed;
  } finally {
    unregister(userfaultfd, spans);
  }
}

/** The structures for one chunk of a piece. */
function part({ view, address }: Block, chunk: number): { readonly view: DataView; readonly address: number } {
  const size = mostPlaces * userfault.copy.size;
  return { view: new DataView(view.buffer, view.byteOffset + chunk * size, size), address: address + chunk * size };
}

/** An image that has become shorter makes them fail, and so does a page that is there already. */
function copyCalls(
  chunk: Chunk,
  file: number,
  userfaultfd: number,
  buffer: Block,
  copies: ReturnType<typeof part>,
): ExpectedCall[] {
  const { offset, length } = extentOf(chunk);
  return [
    { call: ['pread64', file, buffer.address, length, offset], expect: length },
    ...chunk.map((place, at): ExpectedCall => {
      const from = at * userfault.copy.size;
      const source = buffer.address + place.offset - offset;
      setWords(copies.view, from, [place.start, source, place.length, userfault.copy.dontWake]);
      return { call: ['ioctl', userfaultfd, userfault.copy.request, copies.address + from], expect: 0 };
    }),
  ];
}

/** false: this kernel, or this memory, does not allow it. */
function register(userfaultfd: number, spans: readonly Range[]): boolean {
  const { api, register } = userfault;
  return arena.scope(() => {
    const block = arena.alloc(register.size);
    setWords(block.view, 0, [api.number, 0, 0]);
    if (trySyscall('ioctl', userfaultfd, api.request, block.address) !== 0) return false;
    return spans.every(({ start, end }) => {
      setWords(block.view, 0, [start, end - start, register.missing, 0]);
      return trySyscall('ioctl', userfaultfd, register.request, block.address) === 0;
    });
  });
}

/** What is registered nowhere any more is as if it never had been. */
function unregister(userfaultfd: number, spans: readonly Range[]): void {
  arena.scope(() => {
    const block = arena.alloc(userfault.unregister.size);
    for (const { start, end } of spans) {
      setWords(block.view, 0, [start, end - start]);
      trySyscall('ioctl', userfaultfd, userfault.unregister.request, block.address);
    }
  });
}

function setWords(view: DataView, from: number, words: readonly number[]): void {
  words.forEach((word, at) => {
    view.setBigUint64(from + at * 8, BigInt(word), true);
  });
}
