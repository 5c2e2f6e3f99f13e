import { arena, type ExpectedCall } from '@criujs/linux';
import { sideBySide } from './side-by-side.ts';
import type { PlaceWriter } from './sink.ts';
import { mostParts, type PageRun, type PieceReader } from './source.ts';

/** How much is read and written at once, in bytes: it stays in the processor's cache in between. */
const chunkSize = 1 << 20;
/** A piece of work: it takes some milliseconds. */
const chunksInPiece = 4;
/** `struct iovec` for each part, and for the buffer. */
const vectorsSize = 16 * (mostParts + 1);

/** Pages that follow each other where they go. */
interface Chunk {
  readonly parts: readonly PageRun[];
  /** How many bytes are before them. */
  readonly at: number;
  readonly length: number;
}

/**
 * Copies pages on several processors at once.
 * @param check called again and again; what it throws ends the copy
 */
export function copyPieces(runs: readonly PageRun[], from: PieceReader, to: PlaceWriter, check: () => void): void {
  const inOrder = (chunk: Chunk): void => {
    copyChunk(chunk, from, to);
    check();
  };
  const work = {
    pieces: piecesOf(runs, from, inOrder),
    capacity: 2 * chunksInPiece,
    bench: () => {
      const { address } = arena.alloc(chunkSize);
      const vectors = Array.from({ length: chunksInPiece }, () => arena.alloc(vectorsSize));
      return (piece: readonly Chunk[]) =>
        piece.flatMap(({ parts, at, length }, index): ExpectedCall[] => [
          { call: from.call(parts, address, vectors[index] as (typeof vectors)[number]), expect: length },
          { call: to.call(address, length, at), expect: length },
        ]);
    },
    // Done again, in order, it says what is wrong.
    failed: (piece: readonly Chunk[]) => piece.forEach(inOrder),
  };
  sideBySide(work, check);
}

/** Pieces of what can be read by calls; the rest is copied meanwhile. */
function* piecesOf(
  runs: readonly PageRun[],
  from: PieceReader,
  copy: (chunk: Chunk) => void,
): Generator<readonly Chunk[]> {
  let piece: Chunk[] = [];
  for (const chunk of chunksOf(runs)) {
    if (!from.reaches(chunk.parts)) {
      copy(chunk);
      continue;
    }
    piece.push(chunk);
    if (piece.length < chunksInPiece) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

function* chunksOf(runs: readonly PageRun[]): Generator<Chunk> {
  let parts: PageRun[] = [];
  let [at, length] = [0, 0];
  for (const run of runs) {
    for (let { start } = run; start < run.end; ) {
      const end = Math.min(run.end, start + chunkSize - length);
      parts.push({ ...run, start, end });
      length += end - start;
      start = end;
      if (length < chunkSize && parts.length < mostParts) continue;
      yield { parts, at, length };
      at += length;
      [parts, length] = [[], 0];
    }
  }
  if (length > 0) yield { parts, at, length };
}

function copyChunk({ parts, at, length }: Chunk, from: PieceReader, to: PlaceWriter): void {
  const read = from.part(parts);
  arena.scope(() => {
    const { address } = arena.alloc(chunkSize);
    for (let done = 0; done < length; ) {
      const got = read(address, length - done);
      to.write(address, got, at + done);
      done += got;
    }
  });
}
