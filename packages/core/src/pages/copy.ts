import { arena } from '@criujs/linux';
import type { PageSink } from './sink.ts';
import type { PageSource } from './source.ts';

/** How much is copied at once, in bytes. */
const chunk = 1 << 20;

/**
 * Brings all pages from where they are to where they belong, through the engine's memory, and closes both.
 *
 * @param check called after each chunk; what it throws ends the copy
 * @returns how many bytes
 */
export function copyPages(source: PageSource, sink: PageSink, check: () => void): number {
  try {
    arena.scope(() => {
      const { address } = arena.alloc(chunk);
      for (let got = source.read(address, chunk); got > 0; got = source.read(address, chunk)) {
        sink.write(address, got);
        check();
      }
    });
  } catch (error) {
    sink.giveUp();
    throw error;
  } finally {
    source.close();
  }
  return sink.end();
}
