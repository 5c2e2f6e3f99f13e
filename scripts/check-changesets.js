#!/usr/bin/env node
/**
 * Asks changesets what a release would do now, and fails when it cannot tell: a file that names no package, a range
 * that no longer fits. Whether a change needs a changeset at all is asked only where git knows the branch `main` to
 * compare with.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from './packages.js';

const output = join('.cache', 'changesets.json');
mkdirSync(join(root, '.cache'), { recursive: true });
rmSync(join(root, output), { force: true });
execFileSync(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'status', `--output=${output}`], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const plan = JSON.parse(readFileSync(join(root, output), 'utf8'));
const published = new Set(publishedPackages().map(({ manifest }) => manifest.name));
const strangers = plan.releases.filter(({ name, type }) => type !== 'none' && !published.has(name));
if (strangers.length > 0) {
  console.error(`changesets name packages that are not published: ${strangers.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}
for (const { name, oldVersion, newVersion, type } of plan.releases) {
  if (type !== 'none') console.log(`  ${name} ${oldVersion} → ${newVersion}`);
}
