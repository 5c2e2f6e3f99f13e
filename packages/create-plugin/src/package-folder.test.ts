import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownVersion, packageFolder } from './package-folder.ts';

test('the folder is the one with our package.json, whose version it tells', () => {
  const manifest = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'));
  expect(manifest.name).toBe('create-criu-plugin');
  expect(ownVersion()).toBe(manifest.version);
});
