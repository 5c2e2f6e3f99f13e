import { expect, test } from 'vitest';
import { createCommitMark } from './commit-mark.ts';

test('both threads see a commit, and that it was taken back', () => {
  const mark = createCommitMark();
  const sameInOtherThread = createCommitMark(mark.memory);
  expect(mark.committed()).toBe(false);
  sameInOtherThread.markCommitted(true);
  expect(mark.committed()).toBe(true);
  mark.markCommitted(false);
  expect(sameInOtherThread.committed()).toBe(false);
});
