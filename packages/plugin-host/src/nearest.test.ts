import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test.each([
  ['kvmm', 'kvm'],
  ['kmv', undefined],
  ['gpus', 'gpu'],
  ['tset-device', 'test-device'],
  ['something-else', undefined],
  ['', undefined],
])('%s: %s', (name, meant) => {
  expect(nearest(name, ['gpu', 'kvm', 'test-device'])).toBe(meant);
});

test('without names there is none', () => {
  expect(nearest('kvm', [])).toBeUndefined();
});
