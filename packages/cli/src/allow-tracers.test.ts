import { expect, test } from 'vitest';
import { allowTracers } from './allow-tracers.ts';

// Scope 1 would change the process that runs the tests.
test.each([
  [null, 'already'],
  [0, 'already'],
  [2, 'only administrators'],
  [3, 'only administrators'],
])('with ptrace_scope %s nothing has to be done, or nothing can', (scope, words) => {
  expect(allowTracers(scope)).toContain(words);
});
