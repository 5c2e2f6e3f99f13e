import { arena } from '@criujs/linux';
import { copyPieces } from './copy-pieces.ts';
import { isSoonerSideBySide } from './side-by-side.ts';
import type { PageSink } from './sink.ts';
import { bytesOf, type PageSource } from './source.ts';

/** How much is copied at once, in bytes. */
const chunk = 1 << 20;

/**
 * Brings all pages from where they are to where they belong, through the engine's memory, and closes both: in any order and on
 * several processors at once where both allow it.
 *
 * @param check called after each chunk; what it throws ends the copy
 * @returns how many bytes
 */
export function copyPages(source: PageSource, sink: PageSink, check: () => void): number {
  const { pieces, runs } = source;
  const { places } = sink;
  const bytes = bytesOf(runs);
  try {
    if (pieces !== null && places !== null && isSoonerSideBySide(bytes)) {
      copyPieces(runs, pieces, places, check);
      sink.end();
      return bytes;
    }
    copyInOrder(source, sink, check);
  } catch (error) {
    sink.giveUp();
    throw error;
  } finally {
    source.close();
  }
  return sink.end();
}

function copyInOrder(source: PageSource, sink: PageSink, check: () => void): void {
  arena.scope(() => {
    const { address } = arena.alloc(chunk);
    for (let got = source.read(address, chunk); got > 0; got = source.read(address, chunk)) {
      sink.write(address, got);
      check();
    }
  });
}
