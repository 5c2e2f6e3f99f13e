import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFilter, safeJson, safeLines, safeName, safeText, sequencesOf } from './safe-text.ts';

/** Everything that must never come out. */
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 60 });

test.each([
  ['/usr/bin/naïve 文 🙂', '/usr/bin/naïve 文 🙂'],
  ['a\x1b[2Jb\r\n', 'a\\u{1b}[2Jb\\u{d}\\u{a}'],
  ['\x1b]0;owned\x07', '\\u{1b}]0;owned\\u{7}'],
  ['\u202egnp.exe', '\\u{202e}gnp.exe'],
  ['a\u200bb\u2066', 'a\\u{200b}b\\u{2066}'],
  ['a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
  ['\x9b31m\x7f\0\t', '\\u{9b}31m\\u{7f}\\u{0}\\u{9}'],
  ['\u{e0001}', '\\u{e0001}'],
  ['\ud800', '\\u{d800}'],
])('%j', (text, safe) => {
  expect(safeText(text)).toBe(safe);
});

test('a name that is too long is cut, a text is not', () => {
  expect(safeName('x'.repeat(5000))).toBe(`${'x'.repeat(300)}…`);
  expect(safeName('\x1b')).toBe('\\u{1b}');
  expect(safeText('x'.repeat(5000))).toHaveLength(5000);
});

test('lists of ours stay lists; no other line break is kept, and no line looks like one of ours', () => {
  expect(safeLines('2 plugins cannot be loaded:\n  a: no\n  b: no')).toBe(
    '2 plugins cannot be loaded:\n  | a: no\n  | b: no',
  );
  expect(safeLines('/tmp/a\ncriujs: restored\n  → Run it.: gone')).toBe(
    '/tmp/a\\u{a}criujs: restored\n  | → Run it.: gone',
  );
});

test('whatever comes in, nothing harmful comes out', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(safeText(text)).not.toMatch(harmful);
      expect(safeLines(`${text}\n  ${text}`).replaceAll('\n  | ', '')).not.toMatch(harmful);
    }),
  );
});

test('JSON is one safe line that means the same', () => {
  expect(safeJson({ name: '\u202e\x9b\u{e0001}\x1b', size: 5n })).toBe(
    '{"name":"\\u202e\\u009b\\udb40\\udc01\\u001b","size":"5"}',
  );
  expect(safeJson(undefined)).toBe('null');
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      const json = safeJson(value);
      expect(json).not.toMatch(harmful);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

const hostile = 'a\x1b]0;owned\x07\u202e\x9b2J\r\x1b[31mred\x1b[0m\u200b';

test('through a filter without colours only line breaks pass', () => {
  expect(createFilter([])(`one\n${hostile}\ntwo\n`)).toBe(
    'one\na\\u{1b}]0;owned\\u{7}\\u{202e}\\u{9b}2J\\u{d}\\u{1b}[31mred\\u{1b}[0m\\u{200b}\ntwo\n',
  );
});

const same = (text: string): string => text;
const red = (text: string): string => `\x1b[31m${text}\x1b[39m`;

test('through a filter with colours their own sequences pass, and no others', () => {
  const filter = createFilter(sequencesOf({ bold: same, dim: same, red, yellow: same, green: same, cyan: same }));
  expect(filter('\x1b[31mred\x1b[39m\n')).toBe('\x1b[31mred\x1b[39m\n');
  expect(filter('\x1b[32m\x1b[3\x1b[31m1m\x1b')).toBe('\\u{1b}[32m\\u{1b}[3\x1b[31m1m\\u{1b}');
});
