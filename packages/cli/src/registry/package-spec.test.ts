import { expect, test } from 'vitest';
import { readSpec } from './package-spec.ts';

test.each([
  ['gpu', { name: 'gpu', text: 'gpu' }],
  ['@us/gpu', { name: '@us/gpu', text: '@us/gpu' }],
  ['gpu@1.2.0-rc.1+x', { name: 'gpu', wanted: '1.2.0-rc.1+x', text: 'gpu@1.2.0-rc.1+x' }],
  ['@us/gpu@latest', { name: '@us/gpu', wanted: 'latest', text: '@us/gpu@latest' }],
  ['gpu@^1', { name: 'gpu', wanted: '^1', text: 'gpu@^1' }],
])('%s', (text, spec) => {
  expect(readSpec(text)).toEqual(spec);
});

test.each([
  ...['', './gpu', '/gpu', 'gpu.tgz/x', 'a b', '--global', '-g', 'gpu@--global', 'gpu@', '@us/', 'us/gpu', '..'],
  ...[
    'https://x.invalid/a.tgz',
    'gpu@https://x.invalid/a.tgz',
    'gpu@file:..',
    'gpu@npm:other',
    'git+ssh://x.invalid/y',
  ],
])('%s is none', (text) => {
  expect(readSpec(text)).toBeNull();
});
