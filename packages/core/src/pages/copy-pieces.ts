import { arena, type ExpectedCall } from '@criujs/linux';
import { pageSize } from '../facts/memory.ts';
import { inPieces } from '../in-pieces.ts';
import { sideBySide } from './side-by-side.ts';
import type { PlaceWriter } from './sink.ts';
import type { PageRun, PieceReader } from './source.ts';

/** How much is read and written at once, in bytes: it stays in the processor's cache in between. */
const chunkSize = 1 << 20;
/** A piece of work: it takes some milliseconds. */
const chunksInPiece = 4;
/** A chunk of single pages: a call for each. */
const mostParts = chunkSize / pageSize;

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
  const work = {
    pieces: inPieces(chunksOf(runs), chunksInPiece),
    capacity: chunksInPiece * (mostParts + 1),
    bench: () => {
      const { address } = arena.alloc(chunkSize);
      return (piece: readonly Chunk[]) =>
        piece.flatMap(({ parts, at, length }): ExpectedCall[] => [
          ...from.calls(parts, address),
          { call: to.call(address, length, at), expect: length },
        ]);
    },
    // Done again, in order, it says what is wrong.
    failed(piece: readonly Chunk[]) {
      for (const chunk of piece) {
        copyChunk(chunk, from, to);
        check();
      }
    },
  };
  sideBySide(work, check);
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
      if (length < chunkSize) continue;
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
