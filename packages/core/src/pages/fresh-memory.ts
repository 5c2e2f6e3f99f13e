import { arena, type Block, type ExpectedCall, trySyscall } from '@criujs/linux';
import { userfault } from '../facts/userfaultfd.ts';
import { isOrdered, overlaps, type Range } from '../memory/ranges.ts';
import { sideBySide } from './side-by-side.ts';
import type { PagePlace } from './task-memory.ts';

// Memory that has no pages yet gets them from userfaultfd(2): the kernel copies bytes straight into a new page. A task that reads
// into its memory meets a fault for each page, which the kernel fills with zeros before it is written over; that takes longer than
// the second copy here, which is in the processor's cache.

/** How much of the image is read at once, in bytes. */
const chunkSize = 512 << 10;
/** A piece of work: it takes about two milliseconds. */
const chunksInPiece = 8;
/** Less than this in a row is read by the task: a call for each would take longer. */
const least = 64 << 10;
/** The most places in a chunk. */
const mostPlaces = chunkSize / least;
/** Less than this altogether is not worth the preparations. */
const worthwhile = 4 << 20;

/** Memory of a task to which the engine has the userfaultfd. */
interface FreshMemory {
  /** A descriptor of the engine's for the userfaultfd. */
  readonly userfaultfd: number;
  /** Private memory without a file and without a page, in the order of addresses. */
  readonly spans: readonly Range[];
}

/** Pages that lie close together in the image. */
type Chunk = readonly PagePlace[];

/** Those of the places that can be filled so; none where it is not worth while. */
export function placesFor(places: readonly PagePlace[], spans: readonly Range[]): readonly PagePlace[] {
  const large = places
    .filter(({ length }) => length >= least)
    .map((place) => ({ ...place, end: place.start + place.length }));
  // Images may say anything: what has a page twice is filled in their order.
  if (!isOrdered(large) || !inOrder(places)) return [];
  const fresh = overlaps(large, spans)
    .filter(({ start, end, one }) => start === one.start && end === one.end)
    .map(({ one: { start, length, offset } }) => ({ start, length, offset }));
  return fresh.reduce((sum, { length }) => sum + length, 0) < worthwhile ? [] : fresh;
}

function inOrder(places: readonly PagePlace[]): boolean {
  return places.every(({ start }, at) => {
    const before = places[at - 1];
    return before === undefined || before.start + before.length <= start;
  });
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
      pieces: piecesOf(places),
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

function* piecesOf(places: readonly PagePlace[]): Generator<readonly Chunk[]> {
  let piece: Chunk[] = [];
  for (const chunk of chunksOf(places)) {
    piece.push(chunk);
    if (piece.length < chunksInPiece) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

function* chunksOf(places: readonly PagePlace[]): Generator<Chunk> {
  let chunk: PagePlace[] = [];
  for (const { start, length, offset } of places) {
    for (let done = 0; done < length; ) {
      const room = chunkSize - (offset + done - (chunk[0]?.offset ?? offset + done));
      if (room <= 0 || chunk.length === mostPlaces) {
        yield chunk;
        chunk = [];
        continue;
      }
      const size = Math.min(room, length - done);
      chunk.push({ start: start + done, length: size, offset: offset + done });
      done += size;
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** An image that has become shorter makes them fail, and so does a page that is there already. */
function copyCalls(
  chunk: Chunk,
  file: number,
  userfaultfd: number,
  buffer: Block,
  copies: ReturnType<typeof part>,
): ExpectedCall[] {
  const [first, last] = [chunk[0] as PagePlace, chunk.at(-1) as PagePlace];
  const length = last.offset + last.length - first.offset;
  return [
    { call: ['pread64', file, buffer.address, length, first.offset], expect: length },
    ...chunk.map((place, at): ExpectedCall => {
      const from = at * userfault.copy.size;
      const source = buffer.address + place.offset - first.offset;
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
