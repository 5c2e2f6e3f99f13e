import { arena, type Block, type ExpectedCall, setVector } from '@criujs/linux';
import { pageSize } from '../facts/memory.ts';
import { inPieces } from '../in-pieces.ts';
import { type Chunk, chunkSize, chunksInPiece, chunksOf, extentOf } from './chunks.ts';
import { sideBySide } from './side-by-side.ts';
import type { PagePlace } from './task-memory.ts';

/** A chunk of single pages. */
const mostPlaces = chunkSize / pageSize;
/** `struct iovec` on both sides of the copy. */
const vectorsSize = 2 * 16 * mostPlaces;

/**
 * Writes pages from a file into memory of a task from outside, on several processors at once: memory that has pages already, is
 * shared or comes from a file, and huge pages.
 *
 * @param places in order
 * @param check called again and again; what it throws ends the copy
 * @returns the places that were not filled, or not completely
 */
export function fillWritten(
  pid: number,
  places: readonly PagePlace[],
  file: number,
  check: () => void,
): readonly PagePlace[] {
  const failed: PagePlace[] = [];
  const work = {
    pieces: inPieces(chunksOf(places, mostPlaces), chunksInPiece),
    capacity: 2 * chunksInPiece,
    bench: () => {
      const buffer = arena.alloc(chunkSize);
      const vectors = Array.from({ length: chunksInPiece }, () => arena.alloc(vectorsSize));
      return (piece: readonly Chunk[]) =>
        piece.flatMap((chunk, at) => writeCalls(pid, chunk, file, buffer, vectors[at] as Block));
    },
    failed: (piece: readonly Chunk[]) => failed.push(...piece.flat()),
  };
  sideBySide(work, check);
  return failed;
}

/** What lies between places in the image belongs nowhere: each place has a vector of its own on both sides. */
function writeCalls(pid: number, chunk: Chunk, file: number, buffer: Block, vectors: Block): ExpectedCall[] {
  const { offset, length } = extentOf(chunk);
  const theirs = 16 * chunk.length;
  let bytes = 0;
  chunk.forEach((place, at) => {
    setVector(vectors, 16 * at, buffer.address + place.offset - offset, place.length);
    setVector(vectors, theirs + 16 * at, place.start, place.length);
    bytes += place.length;
  });
  const sides = [vectors.address, chunk.length, vectors.address + theirs, chunk.length] as const;
  return [
    { call: ['pread64', file, buffer.address, length, offset], expect: length },
    { call: ['process_vm_writev', pid, ...sides, 0], expect: bytes },
  ];
}
