import { expect, test } from 'vitest';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { allocateKeys, freeKeys } from './protection-keys.ts';

const shown = (calls: readonly TaskCall[]): string[] =>
  calls.map(({ name, args }) => (name === 'pkey_alloc' ? 'get' : `free ${args[0]}`));

test.each([
  [{ keys: [], executeOnlyKey: null }, [], []],
  [{ keys: [1, 2], executeOnlyKey: null }, ['get', 'get'], []],
  [{ keys: [3], executeOnlyKey: null }, ['get', 'get', 'get'], ['free 1', 'free 2']],
  [{ keys: [1, 4], executeOnlyKey: 2 }, ['get', 'get', 'get', 'get', 'free 2'], ['free 3']],
  [{ keys: [1], executeOnlyKey: 2 }, ['get', 'get', 'free 2'], []],
])('%j: what is allocated before there are maps, and freed after', (keys, before, after) => {
  expect(shown(allocateKeys(keys))).toEqual(before);
  expect(shown(freeKeys(keys))).toEqual(after);
});
