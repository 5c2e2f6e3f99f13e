import type { Message } from '@bufbuild/protobuf';
import { ImageError } from './error.ts';
import { type EntryFormat, imageKinds } from './kinds.ts';
import { defaultLimits, type Where } from './limits.ts';
import { writeWord } from './magic.ts';
import type { ImageKind, ImageRecordInit } from './schemas.ts';
import { createSequence, dataLength } from './sequence.ts';
import { encodeMessage } from './wire/encode.ts';
import { requireLayout } from './wire/layout.ts';
import { createBy } from './wire/message.ts';

/** Encodes a whole image. Throws ImageError where a record breaks the schema, naming message and field. */
export function encodeImage<K extends ImageKind>(
  kind: K,
  records: Iterable<ImageRecordInit<K>>,
  where: Where = {},
): Uint8Array {
  return gather(encodeParts(kind, records, where));
}

/** Encodes an image piece by piece, to be written one after another; `data` of records is handed through. */
export function* encodeParts<K extends ImageKind>(
  kind: K,
  records: Iterable<ImageRecordInit<K>>,
  where: Where = {},
): Generator<Uint8Array, void, undefined> {
  const encoder = createEncoder(kind, where);
  yield encoder.head();
  for (const record of records) yield* encoder.record(record);
  encoder.end();
}

/** Makes the bytes of an image, record by record; what the whole and the streaming writer share. */
export interface ImageEncoder<K extends ImageKind> {
  head(): Uint8Array;
  record(record: ImageRecordInit<K>): Uint8Array[];
  /** Throws where the image cannot end here. */
  end(): void;
}

export function createEncoder<K extends ImageKind>(kind: K, where: Where = {}): ImageEncoder<K> {
  const format = imageKinds[kind];
  const limits = { ...defaultLimits, ...where.limits };
  const sequence = createSequence(format);
  let offset = 0;
  const sent = (parts: Uint8Array[]): Uint8Array[] => {
    for (const part of parts) offset += part.length;
    return parts.filter((part) => part.length > 0);
  };
  const wrong = (what: string): ImageError =>
    new ImageError('IMAGE_CORRUPT', `cannot be written: ${what}`, { file: where.file, offset });

  return {
    head: () => join(sent(format.head.map(writeWord))),
    record({ message: init, data }) {
      const next = sequence.next();
      if (!next) {
        if (format.entry) throw wrong(`the data of an earlier record is the rest of this ${kind} image`);
        if (init !== null) throw wrong(`${kind} images hold no messages, only data`);
        return sent([data ?? new Uint8Array()]);
      }
      const message = toMessage(next, init);
      if (!message) throw wrong(`the next record of this ${kind} image is a ${next.schema.typeName}`);
      const payload = encodeMessage(next.schema, message, { file: where.file, offset, limits });
      sequence.took(message);
      return sent([writeWord(payload.length), payload, ...dataParts(next, message, data, wrong)]);
    },
    end() {
      if (sequence.owed() > 0) throw wrong(`${sequence.owed()} more records are declared`);
    },
  };
}

function toMessage({ schema }: EntryFormat, init: object | null): Message | null {
  if (init === null) return null;
  if ('$typeName' in init && init.$typeName !== schema.typeName) return null;
  return createBy(requireLayout(schema.typeName), init);
}

function dataParts(
  { after, schema }: EntryFormat,
  message: Message,
  data: Uint8Array | undefined,
  wrong: (what: string) => ImageError,
): Uint8Array[] {
  const { bare, padded } = dataLength(after, message) ?? { bare: 0, padded: 0 };
  const given = data ?? new Uint8Array();
  if (given.length === padded || padded === Number.POSITIVE_INFINITY) return [given];
  // Callers need not know how a kind is padded.
  if (given.length === bare) return [given, new Uint8Array(padded - bare)];
  throw wrong(`${schema.typeName} declares ${bare} bytes of data, ${given.length} are given`);
}

/** One array of parts that come one at a time: an image of many small records is not held twice. */
function gather(parts: Iterable<Uint8Array>): Uint8Array {
  let whole = new Uint8Array(1024);
  let length = 0;
  for (const part of parts) {
    if (length + part.length > whole.length) {
      const larger = new Uint8Array(Math.max(2 * whole.length, length + part.length));
      larger.set(whole.subarray(0, length));
      whole = larger;
    }
    whole.set(part, length);
    length += part.length;
  }
  return whole.slice(0, length);
}

/** One array of many. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
