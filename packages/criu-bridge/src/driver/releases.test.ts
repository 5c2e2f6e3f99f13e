import { expect, test } from 'vitest';
import { compareVersions, hooksMissing, lacks } from './releases.ts';

test('versions are compared by number', () => {
  expect(['4.10', '4.2', '3.17.1', '4.1.1', '3.17', '4.1'].toSorted(compareVersions)).toEqual([
    '3.17',
    '3.17.1',
    '4.1',
    '4.1.1',
    '4.2',
    '4.10',
  ]);
  expect(compareVersions('4.1', '4.1.0')).toBe(0);
});

test('what a release lacks', () => {
  const at = (version: string, since: string): boolean => lacks({ version, gitId: null }, since);
  expect([at('3.17', '3.18'), at('3.18', '3.18'), at('4.2', 'after 4.2'), at('4.3', 'after 4.2')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('hooks by release', () => {
  const missing = (version: string): string[] => hooksMissing({ version, gitId: null });
  expect(missing('3.16.1')).toHaveLength(8);
  expect(missing('3.19')).toHaveLength(5);
  expect(missing('4.1.1')).toEqual(['POST_FORKING', 'RESTORE_INIT', 'DUMP_DEVICES_LATE']);
  expect(missing('4.2')).toEqual(['RESTORE_INIT', 'DUMP_DEVICES_LATE']);
  expect(missing('4.3')).toEqual([]);
});
