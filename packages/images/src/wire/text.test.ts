import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, encodeText } from './text.ts';

test('any bytes come back', () => {
  const mostlyText = fc.array(
    fc.oneof(fc.nat(255), fc.constantFrom(0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0xed, 0xa0, 0x80)),
  );
  fc.assert(
    fc.property(mostlyText, (list) => {
      const bytes = Uint8Array.from(list);
      expect(encodeText(decodeText(bytes))).toEqual(bytes);
    }),
  );
});

test('any text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeText(encodeText(text))).toBe(text);
    }),
  );
});

test('text stays text, and a byte that is none is a lone surrogate', () => {
  const bytes = [...new TextEncoder().encode('é€😀'), 0xff, 0xc3, 0x41];
  expect(decodeText(Uint8Array.from(bytes))).toBe('é€😀\udcff\udcc3A');
});

test('a byte order mark is a character like others', () => {
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x41]);
  expect(decodeText(bytes)).toBe('\ufeffA');
  expect(encodeText('\ufeffA')).toEqual(bytes);
});

test('other surrogates stand for nothing', () => {
  for (const text of ['\ud800', '\udc00', '\udc7f', '\udd00', 'a\udfffb'])
    expect(() => encodeText(text)).toThrow(RangeError);
});
