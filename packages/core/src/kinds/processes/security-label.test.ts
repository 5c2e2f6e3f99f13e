import { expect, test } from 'vitest';
import { labelProblem } from './security-label.ts';

test.each([
  ['', ''],
  ['unconfined', ''],
  ['unconfined', 'criujs (enforce)'],
  ['docker-default (enforce)', 'docker-default (enforce)'],
])('a process with the label "%s" passes under "%s"', (label, own) => {
  expect(labelProblem(label, own)).toEqual([]);
});

test('a process that another profile confines is refused by the name of the profile', () => {
  const [problem] = labelProblem('docker-default (enforce)', 'unconfined');
  expect(problem?.resource).toBe('security label docker-default (enforce)');
});
