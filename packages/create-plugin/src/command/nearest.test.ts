import { expect, test } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

const words = ['handles', 'licence', 'package-manager', 'git', 'ci'] as const;

test.each([
  ['handels', 'handles'],
  ['license', 'licence'],
  ['pakage-manger', 'package-manager'],
  ['package', 'package-manager'],
  ['gti', 'git'],
])('%s was probably %s', (typed, word) => {
  expect(nearest(typed, words)).toBe(word);
});

test.each(['template', 'x', ''])('nothing is near to "%s"', (typed) => {
  expect(nearest(typed, words)).toBeNull();
});

test('a hint is a sentence, or nothing', () => {
  expect(didYouMean('handels', words, (word) => `--${word}`)).toBe('Did you mean --handles? ');
  expect(didYouMean('template', words)).toBe('');
});
