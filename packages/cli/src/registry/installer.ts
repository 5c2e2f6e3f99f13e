import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pluginPlaces, readPackageJson, systemPrefixes } from '@criujs/plugin-host';
import { UsageError } from '../usage-error.ts';

/** Who installs packages. */
export type Manager = 'npm' | 'pnpm' | 'yarn' | 'bun';

/** Where a plugin is to be: for the project, beside criujs, for all users of the machine. */
export type Target = 'project' | 'global' | 'system';

/** A command that installs a package, and where. */
export interface Installation {
  readonly manager: Manager;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
}

/** Which lock file is whose; of several the first. */
const locks: readonly (readonly [string, Manager])[] = [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

const quiet = ['--no-audit', '--no-fund'];

/** How each adds a package to a project without running its scripts. */
const adding: Readonly<Record<Manager, (project: string) => readonly string[]>> = {
  npm: () => ['install', '--ignore-scripts', ...quiet],
  pnpm: () => ['add', '--ignore-scripts'],
  yarn: (project) => (isModernYarn(project) ? ['add', '--mode=skip-build'] : ['add', '--ignore-scripts']),
  bun: () => ['add', '--ignore-scripts'],
};

/** Which folders of packages are whose, where criujs itself was installed into one for all projects. */
const globals: readonly { readonly pattern: RegExp; readonly manager: Manager; readonly args: readonly string[] }[] = [
  { pattern: /\/pnpm\//, manager: 'pnpm', args: ['add', '--global', '--ignore-scripts'] },
  { pattern: /\/yarn\/global\//, manager: 'yarn', args: ['global', 'add', '--ignore-scripts'] },
  { pattern: /\/\.bun\//, manager: 'bun', args: ['add', '--global', '--ignore-scripts'] },
];

/** @throws UsageError there is no project, or `global` was asked of a criujs that belongs to a project */
export function installationOf(target: Target, spec: string, cwd: string): Installation {
  if (target === 'project') return inProject(spec, cwd);
  return target === 'global' ? besideCriujs(spec, cwd) : forAllUsers(spec, cwd);
}

function inProject(spec: string, cwd: string): Installation {
  const project = upwards(cwd).find((it) => existsSync(join(it, 'package.json')));
  if (project === undefined) {
    throw new UsageError(
      `there is no project here: no package.json in ${cwd} or above`,
      'Make one with npm init, or add --global to install it beside criujs.',
    );
  }
  const manager = managerOf(project);
  return { manager, command: [manager, ...adding[manager](project), spec], cwd: project };
}

function managerOf(project: string): Manager {
  const named = /^(npm|pnpm|yarn|bun)@/.exec(String(readPackageJson(project)?.['packageManager']))?.[1];
  if (named !== undefined) return named as Manager;
  for (const folder of upwards(project)) {
    const lock = locks.find(([file]) => existsSync(join(folder, file)));
    if (lock !== undefined) return lock[1];
  }
  return 'npm';
}

/** Yarn 2 and later. */
function isModernYarn(project: string): boolean {
  const lock = upwards(project)
    .map((it) => join(it, 'yarn.lock'))
    .find((it) => existsSync(it));
  return lock !== undefined && readFileSync(lock, 'utf8').includes('\n__metadata:');
}

/** Into the folder that criujs was installed into, whatever npm's own setting is: that is where criujs looks. */
function besideCriujs(spec: string, cwd: string): Installation {
  const beside = pluginPlaces('/')
    .filter(({ kind }) => kind === 'criujs')
    .at(-1)?.folder;
  const other = globals.find(({ pattern }) => beside !== undefined && pattern.test(beside));
  if (other !== undefined) return { manager: other.manager, command: [other.manager, ...other.args, spec], cwd };
  const prefix = beside?.endsWith('/lib/node_modules') ? dirname(dirname(beside)) : undefined;
  if (prefix === undefined) {
    throw new UsageError(
      'this criujs is not installed globally, and would not find there what is',
      'Install it: npm install --global criujs. Or leave out --global, which adds the plugin to the project.',
    );
  }
  const command = ['npm', 'install', '--global', '--prefix', prefix, '--ignore-scripts', ...quiet, spec] as const;
  return { manager: 'npm', command, cwd };
}

function forAllUsers(spec: string, cwd: string): Installation {
  const [prefix = ''] = systemPrefixes();
  const command = ['npm', 'install', '--prefix', prefix, '--ignore-scripts', ...quiet, spec] as const;
  return { manager: 'npm', command, cwd };
}

function upwards(folder: string): string[] {
  return dirname(folder) === folder ? [folder] : [folder, ...upwards(dirname(folder))];
}
