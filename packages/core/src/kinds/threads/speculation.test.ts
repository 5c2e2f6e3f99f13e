import { expect, test } from 'vitest';
import { speculationOf } from './speculation.ts';

// PR_SPEC_PRCTL 1, ENABLE 2, DISABLE 4, FORCE_DISABLE 8, DISABLE_NOEXEC 16.
test.each([
  ['what every thread begins with', [3, 3, 5], []],
  ['what no thread can set', [2, 4, 8], []],
  ['a kernel or processor without them', [-22, -19, -22], []],
  ['store bypass disabled until the next program', [17, 3, 5], [{ feature: 0, control: 16 }]],
  [
    'all turned off, one for good',
    [5, 9, 3],
    [
      { feature: 0, control: 4 },
      { feature: 1, control: 8 },
      { feature: 2, control: 2 },
    ],
  ],
])('%s', (_, found, kept) => {
  expect(speculationOf(found)).toEqual(kept);
});
