import type { Where } from './limits.ts';
import { parse } from './parse.ts';
import type { ImageKind, ImageRecord } from './schemas.ts';

const checkEvery = 1000;

/**
 * Decodes a whole image. `data` of a record, and byte fields of its message, are views of `bytes`, not copies.
 * Throws ImageError.
 */
export function decodeImage<K extends ImageKind>(kind: K, bytes: Uint8Array, where: Where = {}): ImageRecord<K>[] {
  return [...records(kind, bytes, where)];
}

/** The same, one record at a time and as many as there are. */
export function iterateImage<K extends ImageKind>(
  kind: K,
  bytes: Uint8Array,
  where: Where = {},
): Generator<ImageRecord<K>, void, undefined> {
  return records(kind, bytes, { ...where, limits: { ...where.limits, records: Number.POSITIVE_INFINITY } });
}

function* records<K extends ImageKind>(
  kind: K,
  bytes: Uint8Array,
  where: Where,
): Generator<ImageRecord<K>, void, undefined> {
  // What follows an entry is not copied: that it is there is bound enough.
  const parser = parse(kind, { ...where, limits: { ...where.limits, data: Number.POSITIVE_INFINITY } });
  let offset = 0;
  let count = 0;
  let step = parser.next();
  while (!step.done) {
    if ('message' in step.value) {
      yield step.value;
      if (++count % checkEvery === 0) where.check?.();
      step = parser.next(bytes.subarray(0, 0));
    } else {
      const { want, limit } = step.value;
      const piece = bytes.subarray(offset, offset + Math.min(want, limit, bytes.length - offset));
      offset += piece.length;
      step = parser.next(piece);
    }
  }
}
