import { join } from './encode.ts';
import { imageKinds } from './kinds.ts';
import type { Where } from './limits.ts';
import { parse } from './parse.ts';
import type { EntryOf, ImageKind, ImageRecord } from './schemas.ts';

/**
 * Reads an image from a stream and hands out its records one by one; holds one entry with its data in memory, no more.
 * Of kinds that hold no messages it hands out the pieces as they come, each as a record's `data`.
 * Records may be views of the stream's pieces, so nobody may write into a piece after it was sent.
 * Throws ImageError, and whatever the stream throws. Ending early closes the stream.
 */
export async function* readImage<K extends ImageKind>(
  kind: K,
  source: AsyncIterable<Uint8Array>,
  where: Where = {},
): AsyncGenerator<ImageRecord<K>, void, undefined> {
  const pieces = source[Symbol.asyncIterator]();
  const buffer = createBuffer(pieces);
  try {
    const parser = parse(kind, { ...where, limits: { ...where.limits, records: Number.POSITIVE_INFINITY } });
    let step = parser.next();
    while (!step.done) {
      if ('message' in step.value) {
        yield step.value;
        step = parser.next(new Uint8Array());
        continue;
      }
      const { want, limit } = step.value;
      if (want === Number.POSITIVE_INFINITY && !imageKinds[kind].entry) {
        for await (const data of buffer.rest()) yield { message: null as EntryOf<K>, data };
        return;
      }
      step = parser.next(await buffer.take(Math.min(want, limit)));
    }
  } finally {
    await pieces.return?.();
  }
}

interface StreamBuffer {
  /** That many bytes; fewer where the stream ends before. Holds what has come, never what was asked for. */
  take(want: number): Promise<Uint8Array>;
  /** Everything that is left, as it comes. */
  rest(): AsyncGenerator<Uint8Array, void, undefined>;
}

function createBuffer(pieces: AsyncIterator<Uint8Array>): StreamBuffer {
  let left: Uint8Array = new Uint8Array();

  async function pull(): Promise<boolean> {
    const step = await pieces.next();
    if (step.done) return false;
    if (!(step.value instanceof Uint8Array)) throw new TypeError('an image is read from a stream of Uint8Array');
    left = step.value;
    return true;
  }

  return {
    async take(want) {
      const parts: Uint8Array[] = [];
      let length = 0;
      do {
        const part = left.subarray(0, want - length);
        left = left.subarray(part.length);
        length += part.length;
        if (part.length > 0) parts.push(part);
      } while (length < want && (await pull()));
      return parts.length === 1 && parts[0] ? parts[0] : join(parts);
    },
    async *rest() {
      do {
        if (left.length > 0) yield left;
      } while (await pull());
    },
  };
}
