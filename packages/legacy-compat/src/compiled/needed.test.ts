import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeImage } from '@criujs/images';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { neededNames } from './needed.ts';

let images: string;

beforeEach(() => {
  images = mkdtempSync(join(tmpdir(), 'criujs-needed-'));
});

afterEach(() => rmSync(images, { recursive: true }));

const names = { own: 'amdgpu_plugin', hosts: 'amdgpu-plugin' };

function inventory(plugins?: readonly string[]): void {
  const list = plugins === undefined ? {} : { pluginsEntry: { plugins: [...plugins] } };
  writeFileSync(join(images, 'inventory.img'), encodeImage('INVENTORY', [{ message: { imgVersion: 2, ...list } }]));
}

test('the list of the images, and what the plugin itself added', () => {
  inventory(['cuda_plugin']);
  expect(neededNames(images, ['cuda_plugin', 'more'], names)).toEqual(['cuda_plugin', 'more']);
});

test('a plugin that the host lists by a name of today is found by its own', () => {
  inventory(['amdgpu-plugin']);
  expect(neededNames(images, [], names)).toEqual(['amdgpu-plugin', 'amdgpu_plugin']);
});

test('an empty list needs nobody; none at all needs everybody', () => {
  inventory([]);
  expect(neededNames(images, [], names)).toEqual([]);
  inventory();
  expect(neededNames(images, [], names)).toBe(null);
});

test('what cannot be read is left to the engine to complain of', () => {
  expect(neededNames(images, [], names)).toBe(null);
  symlinkSync('/etc/passwd', join(images, 'inventory.img'));
  expect(neededNames(images, [], names)).toBe(null);
});
