import { type DescMessage, equals, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { images, messages } from '../test/arbitrary.ts';
import * as names from './gen/names.ts';
import { decodeImage, defaultLimits, encodeImage, type ImageKind, type ImageRecord, imageKinds } from './index.ts';
import { decodeMessage } from './wire/decode.ts';
import { encodeMessage } from './wire/encode.ts';

const place = { offset: 0, limits: defaultLimits };
const schemas = Object.values(names).filter(
  (value) => 'kind' in value && value.kind === 'message',
) as unknown as DescMessage[];

function schemaOf(kind: ImageKind, message: Message | null): DescMessage | undefined {
  const { entry, group } = imageKinds[kind];
  return [entry, group].find((format) => format?.schema.typeName === message?.$typeName)?.schema;
}

describe('records of every kind come out as they went in', () => {
  for (const kind of Object.keys(imageKinds) as ImageKind[]) {
    test(kind, () => {
      fc.assert(
        fc.property(images(kind), (records) => {
          const bytes = encodeImage(kind, records);
          const decoded: ImageRecord<ImageKind>[] = decodeImage(kind, bytes);
          expect(decoded.length).toBe(records.length);
          records.forEach((record, index) => {
            const message = decoded[index]?.message as Message | null;
            const schema = schemaOf(kind, message);
            if (schema) expect(equals(schema, record.message as never, message as never)).toBe(true);
            else expect(message).toBe(null);
            expect(decoded[index]?.data ?? new Uint8Array()).toEqual(record.data ?? new Uint8Array());
          });
          expect(encodeImage(kind, decoded as never)).toEqual(bytes);
        }),
        { numRuns: 30 },
      );
    });
  }
});

test('every message is written and read as the protobuf runtime writes and reads it', () => {
  expect(schemas.length).toBe(173);
  for (const schema of schemas) {
    fc.assert(
      fc.property(messages(schema), (message) => {
        const bytes = encodeMessage(schema, message, place);
        expect(bytes).toEqual(toBinary(schema, message));
        const decoded = decodeMessage(schema, bytes, place);
        expect(equals(schema, decoded as never, fromBinary(schema, bytes))).toBe(true);
      }),
      { numRuns: 10 },
    );
  }
});
