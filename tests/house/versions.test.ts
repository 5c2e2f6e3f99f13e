import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oldStructureEndsIn } from '@criujs/legacy-compat';
import { apiVersion } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';

// The policy in docs/versions.md speaks of the versions that the code serves.

const text = readFileSync(join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/versions.md'), 'utf8');

test('the policy has a date, and a row for the version of the plugin contract', () => {
  expect(text).toMatch(/as of \d{4}-\d\d-\d\d\./);
  const rows = [...text.matchAll(/^\| (\d+) \| 0\.\d+\.0 \| .* \|$/gm)].map((row) => Number(row[1]));
  expect(rows.at(-1)).toBe(apiVersion);
});

test('the policy ends the old structure where the code does', () => {
  expect(text).toContain(`Version ${oldStructureEndsIn} refuses them by name`);
});
