import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Desk, type Ran, run, shipped, test } from './shipped.ts';
import { noTerminal, openTerminal } from './terminal.ts';

const missing = noTerminal === null ? '' : ` (missing: ${noTerminal})`;

const runner = fileURLToPath(new URL('run-as-yo.mjs', import.meta.url));

/** Runs the generator that Yeoman's own environment finds under the name `criu-plugin`. */
async function yo(desk: Desk, args: readonly string[], options: object): Promise<Ran> {
  return await run(command(desk, args, options), desk.folder, desk.env);
}

function command(desk: Desk, args: readonly string[], options: object): readonly string[] {
  const modules = join(desk.folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  symlinkSync(join(shipped, '../generator-criu-plugin'), join(modules, 'generator-criu-plugin'));
  return [process.execPath, runner, JSON.stringify([args, options])];
}

const made = (desk: Desk): readonly string[] => desk.list().filter((path) => !path.startsWith('node_modules'));

test('Yeoman finds the generator and makes the same project', async ({ desk }) => {
  const options = { yes: true, skipInstall: true, handles: ['unix-socket', 'accelerator'], git: false };
  const { code, stdout, stderr } = await yo(desk, ['criu-plugin', 'yeomans'], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('cd yeomans');
  await desk.create('ours', '--yes', '--skip-install', '--handles=unix-socket,accelerator', '--no-git');
  const below = (folder: string): readonly string[] =>
    made(desk).flatMap((path) => (path.startsWith(folder) ? [path.slice(folder.length)] : []));
  expect(below('yeomans/')).toEqual(below('ours/'));
  expect(desk.read('yeomans/.criu-plugin.json')).toBe(desk.read('ours/.criu-plugin.json'));
});

test.skipIf(noTerminal !== null)(`at a terminal it asks the same questions${missing}`, async ({ desk }) => {
  const flags = { name: 'x', description: 'x', handles: 'lifecycle', options: false, packageManager: 'npm', ci: false };
  const terminal = openTerminal(command(desk, ['criu-plugin', 'x'], flags), { cwd: desk.folder, env: desk.env });
  await terminal.sees('Which licence?');
  terminal.presses('down', 'enter');
  await terminal.sees('Make a git repository?');
  terminal.types('n');
  terminal.presses('enter');
  await terminal.sees('Install the dependencies now?');
  expect(made(desk)).toEqual([]);
  terminal.types('n');
  terminal.presses('enter');
  expect(await terminal.ended()).toBe(0);
  expect(desk.read('x/LICENSE')).toContain('Apache');
});

test.skipIf(noTerminal !== null)(`at a terminal Ctrl-C leaves nothing${missing}`, async ({ desk }) => {
  const terminal = openTerminal(command(desk, ['criu-plugin', 'x'], {}), { cwd: desk.folder, env: desk.env });
  await terminal.sees('What is the package called?');
  terminal.presses('ctrlC');
  expect(await terminal.ended()).not.toBe(0);
  expect(made(desk)).toEqual([]);
});

test('it installs as create-criu-plugin does, once', async ({ desk }) => {
  desk.program('bun', '#!/bin/sh\necho "$*" >> installed\n');
  desk.program('npm', '#!/bin/sh\n[ "$1" != install ] || echo "npm $*" >> installed\n');
  const { code } = await yo(desk, ['criu-plugin', '.'], { yes: true, force: true, packageManager: 'bun' });
  expect(code).toBe(0);
  expect(desk.read('installed')).toBe('install\n');
});

test('a refusal says why and what to do, and writes nothing', async ({ desk }) => {
  const { code, stderr } = await yo(desk, ['criu-plugin', 'x'], { yes: true, name: 'Bad Name' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/Bad Name.*→ The nearest valid name is bad-name/s);
  expect(made(desk)).toEqual([]);
});

test('a dry run leaves nothing behind', async ({ desk }) => {
  const { code, stdout } = await yo(desk, ['criu-plugin', 'x'], { yes: true, dryRun: true });
  expect(code).toBe(0);
  expect(stdout).toContain('create package.json');
  expect(made(desk)).toEqual([]);
});

test('its help is ours', async ({ desk }) => {
  const { code, stdout } = await yo(desk, ['criu-plugin'], { help: true });
  expect(code).toBe(0);
  expect(stdout.trim()).toBe((await desk.create('--help')).stdout.trim());
});
