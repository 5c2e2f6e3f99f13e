import { expect, test } from 'vitest';
import { type CodeFacts, compareManifest } from './differences.ts';

const manifest = { plugin: 'radio', apiVersion: 1, hooks: ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'] } as const;
const code: CodeFacts = { ...manifest, imageVersion: 1, complete: true };
const differences = (more: Partial<CodeFacts>): readonly (readonly [string, string])[] =>
  compareManifest(manifest, { ...code, ...more }).map(({ message, expected }) => [message, expected]);

test('a manifest that says what the code is', () => {
  expect(differences({})).toEqual([]);
  expect(differences({ hooks: [...code.hooks].reverse() })).toEqual([]);
});

test.each<[Partial<CodeFacts>, string, string]>([
  [{ plugin: 'tape' }, 'criu.plugin is "radio", and the code has "tape"', '"tape"'],
  [{ apiVersion: 2 }, 'criu.apiVersion is 1, and the code has 2', '2'],
  [{ imageVersion: 3 }, 'criu.imageVersion is 1, and the code has 3', '3'],
  [
    { hooks: ['DUMP_EXT_FILE', 'PAUSE_DEVICES'] },
    'criu.hooks lacks PAUSE_DEVICES and has RESTORE_EXT_FILE, which the code does not register',
    '["DUMP_EXT_FILE","PAUSE_DEVICES"]',
  ],
])('%j differs', (more, message, expected) => {
  expect(differences(more)).toEqual([[message, expected]]);
});

test('what cannot be told of the code does not differ', () => {
  const untold = { plugin: null, apiVersion: null, imageVersion: null, hooks: [], complete: false };
  expect(differences(untold)).toEqual([]);
  expect(differences({ ...untold, hooks: ['PAUSE_DEVICES'] })).toEqual([
    ['criu.hooks lacks PAUSE_DEVICES', '["DUMP_EXT_FILE","RESTORE_EXT_FILE","PAUSE_DEVICES"]'],
  ]);
});

test('a hook that is there twice', () => {
  const twice = { ...manifest, hooks: ['DUMP_EXT_FILE', 'DUMP_EXT_FILE'] } as const;
  expect(compareManifest(twice, { ...code, hooks: ['DUMP_EXT_FILE'] })).toMatchObject([
    { message: 'criu.hooks has DUMP_EXT_FILE twice', expected: '["DUMP_EXT_FILE"]' },
  ]);
});
