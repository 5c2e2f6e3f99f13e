import { createEncoder } from './encode.ts';
import type { Where } from './limits.ts';
import type { ImageKind, ImageRecordInit } from './schemas.ts';

/**
 * Encodes records as they come and hands out the image's bytes piece by piece; holds one record in memory, no more.
 * Throws ImageError, and whatever `records` throws.
 */
export async function* writeImage<K extends ImageKind>(
  kind: K,
  records: AsyncIterable<ImageRecordInit<K>> | Iterable<ImageRecordInit<K>>,
  where: Where = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = createEncoder(kind, where);
  yield encoder.head();
  for await (const record of records) yield* encoder.record(record);
  encoder.end();
}
