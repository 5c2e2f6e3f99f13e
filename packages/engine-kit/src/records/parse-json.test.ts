import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from './parse-json.ts';

const parse = (text: string, limits = { depth: 8, values: 100 }): unknown => parseJson(Buffer.from(text), limits);

test('what is within the limits is parsed as ever', () => {
  fc.assert(
    fc.property(fc.json({ depthSize: 'small' }), (text) => {
      expect(parse(text, { depth: 1000, values: 100_000 })).toEqual(JSON.parse(text));
    }),
  );
});

test.each([
  ['[[[[[[[[1]]]]]]]]', null],
  ['[[[[[[[[[1]]]]]]]]]', /8 levels/],
  ['{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}', /8 levels/],
  ['["[[[[[[[[[[[[", "\\"[[[[[[[[[[", "\\\\", [1]]', null],
  [`[${'1,'.repeat(99)}1]`, null],
  [`[${'1,'.repeat(100)}1]`, /100 values/],
  [`[${'[],'.repeat(60)}1]`, /100 values/],
])('%s', (text, wrong) => {
  if (wrong === null) expect(parse(text)).toEqual(JSON.parse(text));
  else expect(() => parse(text)).toThrow(wrong);
});

test('neither 200,000 levels nor a text without an end hurt', () => {
  expect(() => parse('['.repeat(200_000))).toThrow(RangeError);
  expect(() => parse('"'.concat('['.repeat(200_000)))).toThrow(SyntaxError);
  expect(() => parse('"\\')).toThrow(SyntaxError);
  expect(() => parseJson(new Uint8Array([0x22, 0xff, 0x22]), { depth: 8, values: 8 })).toThrow(TypeError);
});
