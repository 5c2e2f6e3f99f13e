import { expect, test } from 'vitest';
import { createReleases } from './releases.ts';

test('all is released once, the last first, and what fails is a warning', () => {
  const done: string[] = [];
  const warnings: string[] = [];
  const { onceItRuns, run } = createReleases((message) => void warnings.push(message));
  onceItRuns({ what: 'a', undo: () => void done.push('a') });
  onceItRuns({
    what: 'the name b',
    undo() {
      throw new Error('EROFS');
    },
  });
  onceItRuns({ what: 'c', undo: () => void done.push('c') });
  expect(done).toEqual([]);
  run();
  run();
  expect(done).toEqual(['c', 'a']);
  expect(warnings).toEqual(['the name b: could not be undone (EROFS)']);
});
