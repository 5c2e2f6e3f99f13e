import type { PagePlace } from './task-memory.ts';

/** How much of an image is read at once, in bytes: it stays in the processor's cache until it is copied to its place. */
export const chunkSize: number = 512 << 10;
/** A piece of work for one of several threads: it takes about two milliseconds. */
export const chunksInPiece = 8;
/** More than this that belongs nowhere is not read, in bytes. */
const longestGap = 64 << 10;

/** Pages that lie close together in the image. */
export type Chunk = readonly PagePlace[];

/** Where a chunk lies in the image. */
export function extentOf(chunk: Chunk): { readonly offset: number; readonly length: number } {
  const [first, last] = [chunk[0] as PagePlace, chunk.at(-1) as PagePlace];
  return { offset: first.offset, length: last.offset + last.length - first.offset };
}

/** Cuts places, which come in the order of the image. */
export function* chunksOf(places: readonly PagePlace[], mostPlaces: number): Generator<Chunk> {
  let chunk: PagePlace[] = [];
  let [begin, end] = [0, 0];
  for (const { start, length, offset } of places) {
    for (let done = 0; done < length; ) {
      const at = offset + done;
      if (chunk.length > 0 && (at - begin >= chunkSize || at - end > longestGap || chunk.length === mostPlaces)) {
        yield chunk;
        chunk = [];
      }
      if (chunk.length === 0) begin = at;
      const size = Math.min(begin + chunkSize - at, length - done);
      chunk.push({ start: start + done, length: size, offset: at });
      done += size;
      end = at + size;
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** Whether places come in the order of the image and of addresses, none twice. */
export function isInOrder(places: readonly PagePlace[]): boolean {
  return places.every(({ start, offset }, at) => {
    const before = places[at - 1];
    return before === undefined || (before.start + before.length <= start && before.offset + before.length <= offset);
  });
}
