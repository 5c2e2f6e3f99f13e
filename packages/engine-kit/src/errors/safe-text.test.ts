import { expect, test } from 'vitest';
import { safeText } from './safe-text.ts';

test.each([
  ['/usr/bin/naïve 文', '/usr/bin/naïve 文'],
  ['a\x1b[2Jb\r\n', 'a\\u{1b}[2Jb\\u{d}\\u{a}'],
  ['\u202egnp.exe', '\\u{202e}gnp.exe'],
  ['\x9b31m\x7f\0', '\\u{9b}31m\\u{7f}\\u{0}'],
  ['\ud800', '\\u{d800}'],
])('%j', (text, safe) => {
  expect(safeText(text)).toBe(safe);
});

test('what is long is cut', () => {
  expect(safeText('x'.repeat(5000))).toHaveLength(301);
  expect(safeText('abcdef', 3)).toBe('abc…');
});
