import { describe, expect, test } from 'vitest';
import { nearestName, pluginNameOf, whyInvalidName } from './package-name.ts';

describe('names that npm takes', () => {
  test.each(['my-plugin', '@me/criu-plugin-gpu', 'a', 'criu.plugin'])('%s', (name) => {
    expect(whyInvalidName(name)).toBeNull();
  });
});

describe('names that it does not take, and the nearest that it does', () => {
  test.each([
    ['My Plugin', 'my-plugin'],
    ['.hidden', 'hidden'],
    ['_private', 'private'],
    ['Größe & Co', 'grosse-co'],
    ['@Me/Ünï côde', '@me/uni-code'],
    ['node_modules', 'criu-plugin-node_modules'],
    ['http', 'criu-plugin-http'],
    ['', 'my-criu-plugin'],
    ['日本', 'my-criu-plugin'],
    ['x'.repeat(300), 'x'.repeat(100)],
  ])('%s → %s', (name, nearest) => {
    expect(whyInvalidName(name)).not.toBeNull();
    expect(whyInvalidName(nearestName(name))).toBeNull();
    expect(nearestName(name)).toBe(nearest);
  });
});

test.each([
  ['my-plugin', 'my-plugin'],
  ['@me/criu-plugin-gpu', 'gpu'],
  ['criujs-plugin-fuse', 'fuse'],
  ['criu-plugin-', 'criu-plugin'],
  ['a.b_c~d', 'a-b-c-d'],
  ['@me/.x', 'x'],
])('the plugin of the package %s is called %s', (packageName, pluginName) => {
  expect(pluginNameOf(packageName)).toBe(pluginName);
  expect(pluginName).toMatch(/^[a-z0-9][a-z0-9-]*$/);
});
