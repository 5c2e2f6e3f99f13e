import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode, versionOf } from './codec.ts';
import { headerSize, layouts, type MessageLayout } from './layout.ts';
import { type FieldKind, longestMessage, longestText, type MessageInput, tokenLength } from './protocol.ts';

const values: Readonly<Record<FieldKind, fc.Arbitrary<unknown>>> = {
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  token: fc.uint8Array({ minLength: tokenLength, maxLength: tokenLength }).map((it) => Buffer.from(it)),
};

const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map((it) => it.replaceAll('\0', ' '));

function messagesOf({ type, slots, texts }: MessageLayout): fc.Arbitrary<MessageInput> {
  const fields = Object.fromEntries([
    ...slots.map(({ name, kind }) => [name, values[kind]]),
    ...texts.map(({ name }) => [name, text]),
  ]);
  return fc.record({
    type: fc.constant(type),
    sequence: values.u32,
    ...fields,
  }) as unknown as fc.Arbitrary<MessageInput>;
}

describe.each(layouts)('$type', (layout) => {
  test('comes back as it was sent', () => {
    fc.assert(
      fc.property(messagesOf(layout), (message) => {
        expect(decode(encode(message))).toEqual(message);
      }),
    );
  });

  test('without anything said is zero and empty', () => {
    const message = decode(encode({ type: layout.type }));
    expect(encode(message as MessageInput)).toEqual(encode({ type: layout.type }));
    expect(encode({ type: layout.type })).toHaveLength(layout.size + layout.texts.length);
  });

  test('is refused when it is cut, longer, or another byte is changed that says how long it is', () => {
    const whole = fc.tuple(messagesOf(layout), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(whole, (drawn) => {
        const [message, at, change] = drawn;
        const bytes = encode(message);
        expect(() => decode(bytes.subarray(0, at % bytes.length))).toThrow(/protocol/);
        expect(() => decode(Buffer.concat([bytes, Buffer.alloc(1 + (at % 50))]))).toThrow(/protocol/);
        const changed = Buffer.from(bytes);
        const byte = at % headerSize;
        changed[byte] = (changed[byte]! + change) & 0xff;
        const counts = byte >= 8 && byte < 12;
        if (!counts && changed[6] === bytes[6]) expect(() => decode(changed)).toThrow(/protocol/);
      }),
    );
  });
});

test('no bytes at all make it fail in another way than it says', () => {
  const known = fc
    .constantFrom(...layouts)
    .chain(messagesOf)
    .map(encode);
  const mutated = fc
    .tuple(known, fc.array(fc.tuple(fc.nat(longestMessage), fc.nat(255)), { maxLength: 8 }), fc.nat(40), fc.nat(40))
    .map(([bytes, changes, cut, more]) => {
      const copy = Buffer.concat([bytes.subarray(0, Math.max(0, bytes.length - cut)), Buffer.alloc(more)]);
      for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
      if (copy.length >= headerSize) copy.writeUInt32LE(copy.length, 12);
      return copy;
    });
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 500 }).map((it) => Buffer.from(it)),
    mutated,
  );
  fc.assert(
    fc.property(any, (bytes) => {
      try {
        const message = decode(bytes);
        expect(layouts.map((it) => it.type)).toContain(message.type);
      } catch (error) {
        expect(error).toMatchObject({ name: 'WireError', code: expect.stringMatching(/^WIRE_(MALFORMED|VERSION)$/) });
      }
    }),
    { numRuns: 2000 },
  );
});

test('another version says which one it is', () => {
  const bytes = encode({ type: 'EXIT' });
  bytes.writeUInt16LE(7, 4);
  expect(versionOf(bytes)).toBe(7);
  expect(versionOf(bytes.subarray(0, 10))).toBe(null);
  expect(() => decode(bytes)).toThrow(
    expect.objectContaining({
      code: 'WIRE_VERSION',
      message: expect.stringContaining('version 7'),
      remedy: expect.any(String),
    }),
  );
});

test.each<[MessageInput, RegExp]>([
  [{ type: 'HOOK', id: -1 }, /id of HOOK cannot be -1: it is u32/],
  [{ type: 'HOOK', address: 2n ** 64n }, /address of HOOK/],
  [{ type: 'REPLY', result: 2 ** 31 }, /result of REPLY/],
  [{ type: 'HELLO', token: new Uint8Array(31) }, /token of HELLO/],
  [{ type: 'LOG', text: 'a\0b' }, /text of LOG has a zero byte/],
  [{ type: 'REPLY', error: 'ä'.repeat(longestText) }, /error of REPLY has 8190 bytes, of 4095/],
])('what no field can hold is refused: %#', (message, why) => {
  expect(() => encode(message)).toThrow(
    expect.objectContaining({ code: 'WIRE_LIMIT', message: expect.stringMatching(why) }),
  );
});

test('the longest message of any type fits', () => {
  const long = 'x'.repeat(longestText);
  for (const { type, texts } of layouts) {
    const message = { type, ...Object.fromEntries(texts.map(({ name }) => [name, long])) } as MessageInput;
    const bytes = encode(message);
    expect(bytes.length).toBeLessThanOrEqual(longestMessage);
    expect(decode(bytes)).toMatchObject(message);
  }
});
