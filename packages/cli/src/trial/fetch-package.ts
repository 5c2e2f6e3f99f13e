import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readPackageJson } from '@criujs/plugin-host';
import { isPackageName } from '@criujs/plugin-host/facts';
import { lookUp } from '../registry/lookup.ts';
import { PackageError } from '../registry/package-error.ts';
import { readSpec } from '../registry/package-spec.ts';
import { lastLines, type RunningOptions, runProgram } from '../registry/run-program.ts';
import { UsageError } from '../usage-error.ts';
import type { Scratch } from './scratch.ts';

/** A package that was installed into a scratch folder. */
export interface Fetched {
  readonly name: string;
  readonly version: string | null;
  readonly folder: string;
  readonly packageJson: Readonly<Record<string, unknown>>;
  /** Whether it came from a registry. */
  readonly published: boolean;
}

const safely = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Installs a package and what it needs, without running any script: a name, perhaps with a version, a folder, or a packed file. A
 * folder is packed first, so that what is tried is what would be published.
 * @throws UsageError, PackageError PACKAGE_NOT_FOUND, INSTALLER_FAILED …
 */
export async function fetchPackage(wanted: string, scratch: Scratch, options: RunningOptions): Promise<Fetched> {
  const path = resolve(options.cwd, wanted);
  const isPath = /^\.{0,2}\//.test(wanted) || wanted === '.' || wanted.endsWith('.tgz');
  const spec = isPath ? null : readSpec(wanted);
  if (spec === null && !existsSync(path))
    throw new UsageError(
      isPath ? `there is nothing at ${path}` : `${wanted} is neither the name of a package nor a path`,
      'Give a name as npm has it (criu-plugin-gpu@1.2.0), a folder with a package.json (.), or a .tgz file.',
    );
  // It says best what is wrong with the name or the registry.
  if (spec !== null) await lookUp(spec, options);
  const source = spec?.text ?? (statSync(path).isDirectory() ? await pack(path, scratch, options) : path);
  const said = await runProgram(['npm', 'install', ...safely, '--save-exact', '--', source], {
    ...options,
    cwd: scratch.project,
  });
  if (said.code !== 0) throw failed(wanted, lastLines(said));
  const [name = ''] = Object.keys(Object(readPackageJson(scratch.project)?.['dependencies']));
  const folder = join(scratch.project, 'node_modules', name);
  const packageJson = isPackageName(name) ? readPackageJson(folder) : null;
  if (packageJson === null) throw failed(wanted, 'nothing was installed');
  const version = packageJson['version'];
  return { name, version: typeof version === 'string' ? version : null, folder, packageJson, published: spec !== null };
}

async function pack(folder: string, scratch: Scratch, options: RunningOptions): Promise<string> {
  if (readPackageJson(folder) === null)
    throw new UsageError(`there is no package.json in ${folder}`, 'Give the folder of a package.');
  const to = scratch.temporary;
  const said = await runProgram(['npm', 'pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', to], {
    ...options,
    cwd: folder,
  });
  const [file] = readdirSync(to).filter((it) => it.endsWith('.tgz'));
  if (said.code !== 0 || file === undefined) throw failed(folder, lastLines(said));
  return join(to, file);
}

function failed(what: string, why: string): PackageError {
  return new PackageError(
    'INSTALLER_FAILED',
    `${what} cannot be installed:\n${why}`,
    'Check the network and the registry (npm config get registry), and what the package depends on.',
  );
}
