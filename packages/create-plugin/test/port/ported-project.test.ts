import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hookTable } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compiler } from '../../../core/test/harness/machine.ts';

// What `--from` makes is a project like any other: it is linted, compiled, tested and built with the tools of this checkout.

const root = resolve(import.meta.dirname, '..', '..', '..', '..');
const command = join(root, 'packages/create-plugin/bin/create-criu-plugin.cjs');
const plugins = join(root, 'packages/legacy-compat/test');

let folder = '';
beforeEach(() => {
  // Inside the checkout, so that the packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'ported-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function create(from: string, ...flags: readonly string[]): string {
  const project = join(folder, 'project');
  const args = [command, project, '--from', from, '--yes', '--skip-install', '--no-git', ...flags];
  execFileSync(process.execPath, args, { stdio: 'pipe', cwd: folder });
  return project;
}

/** The scripts of a project by the tools that they call. */
const steps = {
  lint: ['biome', 'check', '--error-on-warnings', '.'],
  typecheck: ['tsc'],
  test: ['vitest', 'run'],
  build: ['tsc', '-p', 'tsconfig.build.json'],
} as const;

function expectGreen(project: string): void {
  for (const [step, [tool, ...args]] of Object.entries(steps)) {
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', tool), args, {
      cwd: project,
      encoding: 'utf8',
    });
    expect({ step, status, said: status === 0 ? '' : stdout + stderr }).toEqual({ step, status: 0, said: '' });
  }
}

const allHooks = `CR_PLUGIN_REGISTER("every_plugin", start, finish)
${Object.keys(hookTable)
  .map((hook) => `CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__${hook}, ${hook.toLowerCase()})`)
  .join('\n')}
`;

test('from C, with every hook and options', () => {
  writeFileSync(join(folder, 'every.c'), allHooks);
  expectGreen(create('every.c', '--options'));
});

test('from a compiled plugin with a descriptor, stripped', () => {
  expectGreen(create(join(plugins, 'inspect/descriptor-aarch64.so'), '--no-options'));
});

test.skipIf(compiler === null)('from a compiled plugin of the old structure (needs a C compiler)', () => {
  const made = join(folder, 'functions.so');
  execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', made, join(plugins, 'inspect/functions.c')]);
  expectGreen(create('functions.so'));
});

test.each(['old-device.cjs', 'descriptor.cjs'])('from a module in JavaScript, %s', (name) => {
  expectGreen(create(join(plugins, 'plugins', name), '--no-options'));
});
