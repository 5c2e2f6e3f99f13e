import { ImageError } from './error.ts';
import { imageKinds } from './kinds.ts';
import { defaultLimits, type Limits, type Where } from './limits.ts';
import { describeMagic, readWord } from './magic.ts';
import type { EntryOf, ImageKind, ImageRecord } from './schemas.ts';
import { createSequence, dataLength } from './sequence.ts';
import { decodeMessage } from './wire/decode.ts';

/**
 * Asks for the next bytes. It is answered with fewer than `want` where the image ends before or where `limit` is
 * reached, so that nobody needs to believe a size that an image declares.
 */
export interface Wanted {
  readonly want: number;
  readonly limit: number;
}

/** The one reader of images: asks for bytes, is answered with them, and hands out records. Throws ImageError. */
export type Parser<K extends ImageKind> = Generator<Wanted | ImageRecord<K>, void, Uint8Array>;

type Taken = Generator<Wanted, Uint8Array, Uint8Array>;

/** Reads an image of this kind, driven by its caller. */
export function* parse<K extends ImageKind>(kind: K, where: Where = {}): Parser<K> {
  const format = imageKinds[kind];
  const { file } = where;
  const limits: Limits = { ...defaultLimits, ...where.limits };
  let offset = 0;

  /** Takes `want` bytes; fewer only where the image ends here, before the first of them, and may. */
  function* take(what: string, want: number, limit: number, mayEnd = false): Taken {
    const bytes = yield { want, limit };
    const place = { file, offset };
    offset += bytes.length;
    const isRest = want === Number.POSITIVE_INFINITY && bytes.length < limit;
    if (bytes.length === want || isRest) return bytes;
    if (mayEnd && bytes.length === 0) return bytes;
    if (bytes.length < limit) throw truncated(what, want, bytes.length, place);
    throw new ImageError('IMAGE_TOO_LARGE', `${what} is over the limit of ${limit} bytes`, {
      ...place,
      remedy: 'raise the limit if the image is known to be sound',
    });
  }

  const words: number[] = [];
  for (const magic of format.head) {
    words.push(readWord(yield* take('its magic', 4, 4)));
    if (words.at(-1) === magic) continue;
    throw new ImageError('IMAGE_MAGIC', `no ${kind} image, ${describeMagic(words)}`, { file, offset: offset - 4 });
  }

  const sequence = createSequence(format);
  for (let count = 0; ; count++) {
    const next = sequence.next();
    const rest = next ? null : yield* take('its content', Number.POSITIVE_INFINITY, limits.data);
    if (rest && rest.length > 0) {
      if (format.entry)
        throw new ImageError('IMAGE_CORRUPT', 'bytes after its end', { file, offset: offset - rest.length });
      yield { message: null as EntryOf<K>, data: rest };
    }
    if (!next) return;

    const size = yield* take('the size of an entry', 4, 4, sequence.owed() === 0);
    if (size.length === 0) return;
    if (count === limits.records) {
      throw new ImageError('IMAGE_TOO_LARGE', `over ${limits.records} entries`, {
        file,
        offset: offset - 4,
        remedy: 'read it record by record, or raise the limit',
      });
    }
    const payload = yield* take(next.schema.typeName, readWord(size), limits.entry);
    const message = decodeMessage(next.schema, payload, { file, offset: offset - payload.length, limits });
    sequence.took(message);
    const length = dataLength(next.after, message)?.padded;
    const data = length === undefined ? undefined : yield* take(`data of ${next.schema.typeName}`, length, limits.data);
    yield { message: message as EntryOf<K>, ...(data && { data }) };
  }
}

function truncated(what: string, want: number, there: number, place: { file: string | undefined; offset: number }) {
  return new ImageError('IMAGE_TRUNCATED', `cut short: ${what} takes ${want} bytes, ${there} are there`, {
    ...place,
    remedy: 'the dump did not finish, or the file was not copied completely: dump again or copy again',
  });
}
