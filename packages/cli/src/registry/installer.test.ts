import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installationOf } from './installer.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'criujs-installer-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

test.each([
  ['package-lock.json', '{}', 'npm install --ignore-scripts --no-audit --no-fund gpu'],
  ['pnpm-lock.yaml', '', 'pnpm add --ignore-scripts gpu'],
  ['yarn.lock', '# yarn lockfile v1\n', 'yarn add --ignore-scripts gpu'],
  ['yarn.lock', '# This file\n\n__metadata:\n  version: 8\n', 'yarn add --mode=skip-build gpu'],
  ['bun.lock', '{}', 'bun add --ignore-scripts gpu'],
  ['none', '', 'npm install --ignore-scripts --no-audit --no-fund gpu'],
])('a project with %s', (lock, text, command) => {
  write({ 'package.json': '{}', [lock]: text, 'src/deep/x': '' });
  const installation = installationOf('project', 'gpu', join(root, 'src/deep'));
  expect({ ...installation, command: installation.command.join(' ') }).toMatchObject({ command, cwd: root });
});

test('a package of a workspace has its lock file above, and packageManager says it first', () => {
  write({ 'package.json': '{}', 'pnpm-lock.yaml': '', 'packages/a/package.json': '{}' });
  expect(installationOf('project', 'gpu', join(root, 'packages/a'))).toMatchObject({
    manager: 'pnpm',
    cwd: join(root, 'packages/a'),
  });
  write({ 'packages/a/package.json': '{ "packageManager": "bun@1.2.0" }' });
  expect(installationOf('project', 'gpu', join(root, 'packages/a')).manager).toBe('bun');
});

test('for all users: where criujs looks for it', () => {
  const at = (): string => installationOf('system', 'gpu', root).command.join(' ');
  vi.stubEnv('CRIUJS_PLUGINS_DIR', undefined);
  expect(at()).toContain('npm install --prefix /usr/local/lib/criujs --ignore-scripts');
  vi.stubEnv('CRIUJS_PLUGINS_DIR', '/opt/plugins');
  expect(at()).toContain('npm install --prefix /opt/plugins --ignore-scripts');
});
