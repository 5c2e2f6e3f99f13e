import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

// Package managers warn of packages with install scripts, or do not run them: what a user installs with ours has none.

const root = dirname(dirname(import.meta.dirname));

interface Locked {
  readonly link?: boolean;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

/** The place in the lock file of a package that one in `place` depends on. */
function placeOf(name: string, place: string): string | undefined {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    const found = packages[path];
    if (found !== undefined) return found.link === true ? found.resolved : path;
    if (at === '') return undefined;
  }
}

/** All that is installed with a package, and itself. */
function installedWith(place: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(place)) return seen;
  seen.add(place);
  const { dependencies, optionalDependencies } = packages[place] ?? {};
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const found = placeOf(name, place);
    if (found !== undefined) installedWith(found, seen);
  }
  return seen;
}

test.each(readdirSync(join(root, 'packages')))('nothing that is installed with packages/%s runs a script', (name) => {
  const place = `packages/${name}`;
  const all = [...installedWith(place)];
  expect(all.filter((it) => packages[it]?.hasInstallScript === true)).toEqual([]);
  expect(all).toContain(place);
});

test('the walk reaches what is installed with the command', () => {
  const all = installedWith('packages/cli');
  expect([...all]).toContain('node_modules/@koromix/koffi-linux-x64');
  expect([...all]).toContain('node_modules/jiti');
  expect(packages['node_modules/koffi']?.hasInstallScript, 'such scripts are in the lock file').toBe(true);
});
