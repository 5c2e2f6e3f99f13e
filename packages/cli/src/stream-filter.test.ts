import { expect, test } from 'vitest';
import { createFilter } from './stream-filter.ts';

const hostile = 'a\x1b]0;owned\x07\u202e\x9b2J\r\x1b[31mred\x1b[0m\u200b';

test('without colours only line breaks pass', () => {
  expect(createFilter([])(`one\n${hostile}\ntwo\n`)).toBe(
    'one\na\\u{1b}]0;owned\\u{7}\\u{202e}\\u{9b}2J\\u{d}\\u{1b}[31mred\\u{1b}[0m\\u{200b}\ntwo\n',
  );
});

test('with colours their own sequences pass, and no others', () => {
  const filter = createFilter(['\x1b[31m', '\x1b[39m']);
  expect(filter('\x1b[31mred\x1b[39m\n')).toBe('\x1b[31mred\x1b[39m\n');
  expect(filter('\x1b[32m\x1b[3\x1b[31m1m\x1b')).toBe('\\u{1b}[32m\\u{1b}[3\x1b[31m1m\\u{1b}');
});
