import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from '@criujs/plugin-sdk';
import { type HostError, joinErrors } from './errors.ts';
import { type InstalledOptions, type InstalledPlugin, installedPlugins } from './installed.ts';
import { find } from './locate.ts';

/**
 * Adds all plugins that are installed to those that were named: behind them, in the order of their packages' names, whatever place they
 * are in. One that is among the named ones, by whichever name, is not added again, and of packages with one name only the nearest.
 * @param named plugins, names and paths
 * @throws HostError all that is wrong with those that would be added: who asks for all does not want to miss one
 */
export function withInstalled(
  named: readonly (string | Plugin)[],
  options: InstalledOptions = {},
): readonly (string | Plugin)[] {
  const cwd = resolve(options.cwd ?? '.');
  const files = new Set(named.map((it) => (typeof it === 'string' ? fileOf(it, cwd) : null)));
  const added = installedPlugins(options).filter((it) => it.shadowedBy === null && !isNamed(it, named, files));
  const [first, ...others] = added.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (first !== undefined) throw asOne([first, ...others]);
  return [...named, ...added.map((it) => it.package)];
}

/** A plugin that cannot be loaded fails the run where it was named, too. */
function fileOf(wanted: string, cwd: string): string | null {
  try {
    return realpathSync(find(wanted, cwd).file);
  } catch {
    return null;
  }
}

function isNamed(
  { package: name, entry }: InstalledPlugin,
  named: readonly (string | Plugin)[],
  files: ReadonlySet<string | null>,
): boolean {
  return named.includes(name) || (entry !== null && files.has(entry));
}

function asOne(errors: readonly [HostError, ...HostError[]]): HostError {
  return joinErrors('installed plugins cannot be loaded', errors);
}
