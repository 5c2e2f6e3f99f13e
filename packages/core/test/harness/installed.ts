import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type CommandOptions, run } from './command.ts';
import { root } from './machine.ts';
import type { Place } from './place.ts';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const cli: string = join(root, 'packages/cli');

/**
 * The `criujs` that a user may run: the checkout's own where they can read it, else a copy of it with all that it needs,
 * as an installation has it.
 */
export async function installedFor(place: Place, how: CommandOptions): Promise<string> {
  const bin = join(cli, 'bin/criujs.js');
  if ((await run([process.execPath, bin, '--version'], how)).code === 0) return bin;
  const modules = join(place.fresh('installed'), 'node_modules');
  mkdirSync(modules, { recursive: true });
  copyPackage(cli, modules, new Set());
  return join(modules, 'criujs/bin/criujs.js');
}

function copyPackage(folder: string, modules: string, copied: Set<string>): void {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  if (copied.has(manifest.name)) return;
  copied.add(manifest.name);
  const own = join(folder, 'node_modules');
  cpSync(folder, join(modules, manifest.name), { recursive: true, dereference: true, filter: (path) => path !== own });
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    const found = findPackage(name, folder);
    if (found) copyPackage(found, modules, copied);
  }
}

/** The folder of a dependency; null for an optional one of another platform. */
function findPackage(name: string, from: string): string | null {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'package.json')));
  return found ?? null;
}
