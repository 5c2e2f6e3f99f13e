import { readFileSync } from 'node:fs';
import { checkManifest } from '@criujs/plugin-testing';
import { test } from 'vitest';
import plugin from '../src/index.ts';

// The field `criu` of package.json is how others find the plugin, before any of its code runs.
test('package.json says what the plugin is', async () => {
  const packageJson: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  await checkManifest(plugin, packageJson);
});
