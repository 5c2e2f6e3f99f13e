import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { type Answers, type KindId, kindIds, type PortedPlugin, type ProjectFile } from '../answers.ts';
import { packageFolder } from '../package-folder.ts';
import { projectFiles } from './project-files.ts';

// What the generator makes is reviewed like code: `snapshots/everything` is a whole project, with all kinds and all that may be
// chosen. Of every other project the files that differ from it are there, and `files.txt` lists all that it has.

const update = process.env['UPDATE_SNAPSHOTS'] === '1';
const howToUpdate =
  'If that is meant: UPDATE_SNAPSHOTS=1 npx vitest run --project unit packages/create-plugin/src/project, and read the diff.';
const snapshots = join(packageFolder(), 'snapshots');

const everything: Answers = {
  folder: '/home/ada/criujs-plugin-radio',
  packageName: 'criujs-plugin-radio',
  pluginName: 'radio',
  description: 'Saves and brings back radios.',
  handles: kindIds,
  options: true,
  packageManager: 'npm',
  licence: 'MIT',
  author: 'Ada Lovelace <ada@example.org>',
  year: 2026,
  git: true,
  ci: true,
  install: true,
  ported: null,
  device: null,
};

/** A plugin with every hook. */
const portedFromC: PortedPlugin = {
  source: 'radio.c',
  format: 'c',
  structure: 'descriptor',
  name: 'radio_plugin',
  init: 'radio_init',
  exit: 'radio_exit',
  hooks: (Object.keys(hookTable) as HookName[]).map((hook) => ({
    ...{ hook, function: `radio_${hook.toLowerCase()}` },
    parameters:
      hook === 'DUMP_EXT_FILE' ? ['fildes', 'ident'] : hook === 'UPDATE_VMA_MAP' ? ['where', '', 'new'] : null,
  })),
  unknown: [],
  hooksRead: '15 hooks read: …',
  complete: false,
  notes: ['#include "gpu.h" in radio.c:7 was not read (it is not beside the source): it may register hooks'],
  devices: [],
};
const portedFromFunctions: PortedPlugin = {
  source: 'radio.cjs',
  format: 'javascript',
  structure: 'functions',
  name: null,
  init: null,
  exit: 'crPluginFini',
  hooks: [
    { hook: 'DUMP_EXT_FILE', function: 'crPluginDumpFile', parameters: ['fd', 'id'] },
    { hook: 'PAUSE_DEVICES', function: 'crPluginPauseDevices', parameters: ['process'] },
  ],
  unknown: ['cr_plugin_dump_ext_file'],
  hooksRead: '2 hooks read: …',
  complete: true,
  notes: [],
  devices: [],
};

const oneKind = (id: KindId): [string, Partial<Answers>][] => [
  [id, { handles: [id] }],
  [`${id}, no options`, { handles: [id], options: false }],
];

const projects: readonly (readonly [name: string, answers: Partial<Answers>])[] = [
  ['everything', {}],
  ['everything, no options', { options: false }],
  ...kindIds.flatMap(oneKind),
  ['pnpm', { packageManager: 'pnpm' }],
  ['yarn', { packageManager: 'yarn' }],
  ['bun', { packageManager: 'bun' }],
  ['scoped, nobody, no ci', { packageName: '@radio/criujs', author: null, description: '', ci: false }],
  ['Apache-2.0', { licence: 'Apache-2.0' }],
  ['ISC', { licence: 'ISC' }],
  ['BSD-3-Clause', { licence: 'BSD-3-Clause' }],
  ['MPL-2.0', { licence: 'MPL-2.0' }],
  ['UNLICENSED', { licence: 'UNLICENSED' }],
  ['ported from C', { handles: [], ported: portedFromC, device: '/dev/radio' }],
  [
    'ported from old structure, no options',
    { handles: [], options: false, ported: portedFromFunctions, device: '/dev/fuse' },
  ],
];

const whole = projectFiles(everything);

test.each(projects)('%s is as it was reviewed', (name, answers) => {
  const folder = join(snapshots, name.replaceAll(', ', '--').replaceAll(' ', '-'));
  const made = snapshotOf(projectFiles({ ...everything, ...answers }), name === 'everything');
  if (update) write(folder, made);
  expect(read(folder), howToUpdate).toEqual(made);
});

test('no snapshot is left of what is not made any more', () => {
  const known = projects.map(([name]) => name.replaceAll(', ', '--').replaceAll(' ', '-'));
  expect(readdirSync(snapshots).sort()).toEqual(known.sort());
});

/** The texts that are kept of a project, by path. */
function snapshotOf(files: readonly ProjectFile[], isWhole: boolean): Record<string, string> {
  if (isWhole) return contentsOf(files);
  const same = contentsOf(whole);
  const different = files.filter(({ path, content }) => same[path] !== content);
  const list = files.map(({ path }) => `${path}\n`).join('');
  return { ...contentsOf(different), 'files.txt': list };
}

function contentsOf(files: readonly ProjectFile[]): Record<string, string> {
  return Object.fromEntries(files.map(({ path, content }) => [path, withoutVersions(content)]));
}

/** A release changes nothing that anybody has to review. */
function withoutVersions(content: string): string {
  return content
    .replaceAll(/("(?:@criujs\/[\w-]+|criujs)": )"\^\d+\.\d+\.\d+"/g, '$1"^RELEASE"')
    .replaceAll(/("createdWith": )"\d+\.\d+\.\d+"/g, '$1"RELEASE"');
}

test('packages of ours have the range of this release', () => {
  const own = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'));
  const made = JSON.parse(whole.find(({ path }) => path === 'package.json')?.content ?? '');
  const ours = ['@criujs/core', '@criujs/plugin-sdk', '@criujs/plugin-testing', 'criujs'];
  for (const name of ours) expect(made.devDependencies[name], name).toBe(own.devDependencies[name]);
  expect(made.peerDependencies['@criujs/plugin-sdk']).toBe(own.devDependencies['@criujs/plugin-sdk']);
  expect(own.devDependencies.criujs).toMatch(/^\^\d+\.\d+\.\d+$/);
});

function read(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return Object.fromEntries(paths.map((path) => [path.replaceAll(sep, '/'), readFileSync(join(folder, path), 'utf8')]));
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
