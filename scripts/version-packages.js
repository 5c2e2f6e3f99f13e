#!/usr/bin/env node
/**
 * Makes the next versions of all packages from the changesets: versions and ranges, a changelog for each package, the lock file. It
 * commits nothing and publishes nothing.
 *
 * changesets counts the versions; the changelogs are written here, by topic and without hashes of commits.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeRelease, putFirst, readChangesets } from './changelog.js';
import { publishedPackages, root } from './packages.js';

const changesets = readChangesets(join(root, '.changeset'));
if (changesets.length === 0) {
  console.error('There is no changeset: nothing to release.');
  process.exit(1);
}
const before = new Map(publishedPackages().map(({ manifest }) => [manifest.name, manifest.version]));
run(process.execPath, join(root, 'node_modules/@changesets/cli/bin.js'), 'version');
const versions = new Map(publishedPackages().map(({ manifest }) => [manifest.name, manifest.version]));
for (const { folder, manifest } of publishedPackages()) {
  const { name, version } = manifest;
  if (before.get(name) === version) continue;
  const file = join(folder, 'CHANGELOG.md');
  const changelog = existsSync(file) ? readFileSync(file, 'utf8') : '';
  writeFileSync(file, putFirst(name, describeRelease(manifest, changesets), changelog));
  console.log(`  ${name} ${before.get(name)} → ${version}`);
}
followRanges();
run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');

function run(command, ...args) {
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Packages that are not published use those of this release, too: changesets leaves them alone. */
function followRanges() {
  for (const { name } of readdirSync(join(root, 'apps'), { withFileTypes: true }).filter((it) => it.isDirectory())) {
    const file = join(root, 'apps', name, 'package.json');
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const manifest = JSON.parse(text);
    for (const kind of ['dependencies', 'devDependencies', 'peerDependencies']) {
      for (const dependency of Object.keys(manifest[kind] ?? {})) {
        const version = versions.get(dependency);
        if (version !== undefined) manifest[kind][dependency] = `^${version}`;
      }
    }
    const next = `${JSON.stringify(manifest, null, 2)}\n`;
    if (next !== text) writeFileSync(file, next);
  }
}
