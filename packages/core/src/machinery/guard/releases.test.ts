import { expect, test } from 'vitest';
import { createReleases } from './releases.ts';

test('all is released once, the last first, and what fails is a warning', () => {
  const done: string[] = [];
  const warnings: string[] = [];
  const { beforeItRuns, run } = createReleases((message) => void warnings.push(message));
  beforeItRuns({ what: 'a', undo: () => void done.push('a') });
  beforeItRuns({
    what: 'the name b',
    undo() {
      throw new Error('EROFS');
    },
  });
  beforeItRuns({ what: 'c', undo: () => void done.push('c') });
  expect(done).toEqual([]);
  run();
  run();
  expect(done).toEqual(['c', 'a']);
  expect(warnings).toEqual(['the name b: could not be undone (EROFS)']);
});
