import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines } from './diff-lines.ts';

test('shows what changed with two lines around it', () => {
  const before = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n';
  const after = before.replace('two\n', '').replace('eight', 'acht');
  expect(diffLines(before, after)).toEqual([
    ' one',
    '-two',
    ' three',
    ' four',
    '…',
    ' six',
    ' seven',
    '-eight',
    '+acht',
    ' nine',
  ]);
});

test('a new file and a removed one show all of it', () => {
  expect(diffLines(null, 'a\nb\n')).toEqual(['+a', '+b']);
  expect(diffLines('a\nb\n', null)).toEqual(['-a', '-b']);
});

test('equal texts have no difference', () => {
  expect(diffLines('a\nb\n', 'a\nb\n')).toEqual([]);
});

test('the lines that go and come make the one text of the other', () => {
  const lines = fc.array(fc.constantFrom<string>('a', 'b', 'c'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const diff = diffLines(a.map((it) => `${it}\n`).join(''), b.map((it) => `${it}\n`).join(''));
      const count = (sign: string): number => diff.filter((line) => line.startsWith(sign)).length;
      expect(count('+') - count('-')).toBe(b.length - a.length);
      expect(diff.filter((line) => line.startsWith('+')).every((line) => b.includes(line.slice(1)))).toBe(true);
      expect(diff.filter((line) => line.startsWith('-')).every((line) => a.includes(line.slice(1)))).toBe(true);
    }),
  );
});
