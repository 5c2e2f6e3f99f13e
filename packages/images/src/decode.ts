import { ImageError } from './error.ts';
import { defaultLimits, type Where } from './limits.ts';
import { parse } from './parse.ts';
import type { ImageKind, ImageRecord } from './schemas.ts';

/**
 * Decodes a whole image. `data` of a record, and byte fields of its message, are views of `bytes`, not copies.
 * Throws ImageError.
 */
export function decodeImage<K extends ImageKind>(kind: K, bytes: Uint8Array, where: Where = {}): ImageRecord<K>[] {
  const limits = { ...defaultLimits, ...where.limits };
  const records: ImageRecord<K>[] = [];
  for (const record of iterateImage(kind, bytes, where)) {
    if (records.length === limits.records) {
      throw new ImageError('IMAGE_TOO_LARGE', `over ${limits.records} entries`, { file: where.file });
    }
    records.push(record);
  }
  return records;
}

/** The same, one record at a time and as many as there are. */
export function* iterateImage<K extends ImageKind>(
  kind: K,
  bytes: Uint8Array,
  where: Where = {},
): Generator<ImageRecord<K>, void, undefined> {
  // What follows an entry is not copied: that it is there is bound enough.
  const limits = { ...where.limits, data: Number.POSITIVE_INFINITY };
  const parser = parse(kind, { ...where, limits });
  let offset = 0;
  let step = parser.next();
  while (!step.done) {
    if ('message' in step.value) {
      yield step.value;
      step = parser.next(bytes.subarray(0, 0));
    } else {
      const { want, limit } = step.value;
      const piece = bytes.subarray(offset, offset + Math.min(want, limit, bytes.length - offset));
      offset += piece.length;
      step = parser.next(piece);
    }
  }
}
