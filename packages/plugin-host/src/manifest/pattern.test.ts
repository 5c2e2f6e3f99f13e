import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesPattern } from './pattern.ts';

test.each([
  ['/dev/radio', '/dev/radio'],
  ['/dev/radio*', '/dev/radio'],
  ['/dev/radio*', '/dev/radio12'],
  ['/opt/*/x', '/opt/a/x'],
  ['/opt/**', '/opt/a/b/c'],
  ['/opt/**/c', '/opt/a/b/c'],
  ['**', ''],
  ['*', ''],
  ['***', '/a/b'],
  ['anon_inode:[radio]', 'anon_inode:[radio]'],
  ['anon_inode:*', 'anon_inode:[radio]'],
  ['@radio*', '@radio-1'],
  ['a*b*c', 'a-b-b-c'],
  ['a?c', 'a?c'],
])('%j stands for %j', (pattern, text) => {
  expect(matchesPattern(pattern, text)).toBe(true);
});

test.each([
  ['/dev/radio', '/dev/radio1'],
  ['/dev/radio*', '/dev/radio/1'],
  ['/dev/radio*', '/x/dev/radio1'],
  ['/opt/*/x', '/opt/a/b/x'],
  ['*', '/'],
  ['**x', '/a/b'],
  ['anon_inode:[radio]', 'r'],
  ['a?c', 'abc'],
  ['a.c', 'abc'],
])('%j does not stand for %j', (pattern, text) => {
  expect(matchesPattern(pattern, text)).toBe(false);
});

/** The same in the regular expression that it would be. */
function byExpression(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*{2,}|\*/g, (it) => (it === '*' ? '[^/]*' : '[^]*'));
  return new RegExp(`^${source}$`).test(text);
}

test('it agrees with a regular expression', () => {
  const letters = (of: string) => fc.string({ unit: fc.constantFrom(...of), maxLength: 8 });
  fc.assert(
    fc.property(letters('ab/*'), letters('ab/'), (pattern, text) => {
      expect(matchesPattern(pattern, text)).toBe(byExpression(pattern, text));
    }),
    { numRuns: 3000 },
  );
});

test('no pattern makes it hang', () => {
  const startedAt = performance.now();
  expect(matchesPattern(`${'*a'.repeat(127)}b`, 'a'.repeat(4096))).toBe(false);
  expect(matchesPattern(`${'**a'.repeat(85)}b`, 'a'.repeat(4096))).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
