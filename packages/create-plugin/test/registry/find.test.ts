import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { criujs } from '../../../core/test/harness/engines.ts';
import { isRoot } from '../../../core/test/harness/machine.ts';
import type { Place } from '../../../core/test/harness/place.ts';
import { shCounter } from '../../../core/test/harness/programs.ts';
import { publishPlugin } from './plugin-package.ts';
import { jsonOf, test } from './user.ts';

// Somebody looks for a plugin, checks and adds it, loads all that are installed, and hears of a newer version.

const publish = (place: Place, name: string, version: string, more: object = {}): Promise<void> =>
  publishPlugin(inject('registry'), place, name, version, more);

test('in a project: search, check, add, list, outdated, all that are installed', async ({ newUser, place }) => {
  const name = 'criu-plugin-of-tests-tape';
  await publish(place, name, '1.0.0');
  await publish(place, 'criu-plugin-of-tests-none', '1.0.0', { keywords: [] });
  const user = await newUser({ asNobody: isRoot });
  const project = user.path('project');
  await user.run(user.home, ['mkdir', project]);
  await user.run(project, ['npm', 'init', '--yes']);
  await user.run(project, ['npm', 'install', 'criujs']);
  const plugin = (...args: string[]): Promise<Record<string, unknown>> =>
    jsonOf(user, project, ['npx', 'criujs', 'plugin', ...args]);

  expect(await plugin('search', 'of-tests-tape')).toMatchObject({
    exitCode: 0,
    packages: [{ package: name, packageVersion: '1.0.0', keywords: ['criu-plugin'] }],
  });
  expect(await plugin('search', 'of-tests-none')).toMatchObject({ exitCode: 0, packages: [] });
  expect(await plugin('list')).toMatchObject({ plugins: [] });

  const checked = await plugin('check', name);
  expect(checked).toMatchObject({
    exitCode: 0,
    ok: true,
    package: name,
    packageVersion: '1.0.0',
    plugin: 'of-tests-tape',
  });
  expect(checked['findings']).toContainEqual({ name: 'load', status: 'passed' });
  expect(await plugin('check', `${name}@9.0.0`)).toMatchObject({ exitCode: 4, error: { code: 'PACKAGE_NOT_FOUND' } });

  const before = readFileSync(join(project, 'package.json'), 'utf8');
  expect(await plugin('add', 'criu-plugin-of-tests-none')).toMatchObject({
    exitCode: 4,
    error: { code: 'PACKAGE_NOT_A_PLUGIN', remedy: expect.stringContaining('criujs plugin search') },
  });
  expect(await plugin('add', 'criu-plugin-of-tests-nowhere')).toMatchObject({
    exitCode: 4,
    error: { code: 'PACKAGE_NOT_FOUND' },
  });
  expect(readFileSync(join(project, 'package.json'), 'utf8')).toBe(before);

  expect(await plugin('add', name)).toMatchObject({
    exitCode: 0,
    manager: 'npm',
    added: { package: name, packageVersion: '1.0.0', place: 'project', plugin: 'of-tests-tape', notes: [] },
  });
  expect(JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).dependencies).toHaveProperty(name);
  expect(await plugin('list')).toMatchObject({ plugins: [{ package: name, place: 'project', shadowedBy: null }] });

  expect(await plugin('outdated')).toMatchObject({
    exitCode: 0,
    plugins: [{ package: name, current: '1.0.0', latest: '1.0.0', outdated: false }],
  });
  await publish(place, name, '1.1.0');
  expect(await plugin('outdated')).toMatchObject({
    exitCode: 1,
    plugins: [{ package: name, current: '1.0.0', latest: '1.1.0', outdated: true }],
  });
  expect((await user.try(project, ['npx', 'criujs', 'plugin', 'outdated'])).stdout).toContain(
    `criujs plugin add ${name}@latest`,
  );
  expect(await plugin('add', `${name}@latest`)).toMatchObject({ exitCode: 0, added: { packageVersion: '1.1.0' } });

  const plan =
    'sleep 1000 </dev/null >/dev/null 2>&1 & npx criujs plan -t $! --plugins installed -v; code=$?; kill $!; exit $code';
  const { code: exitCode, stderr } = await user.try(project, ['sh', '-c', plan]);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`installed plugins ${name}`),
  });
});

test('globally, beside criujs, and for all users of the machine', async ({ newUser, place }) => {
  const name = 'criu-plugin-of-tests-global';
  await publish(place, name, '1.0.0');
  await publish(place, 'criu-plugin-of-tests-system', '2.0.0');
  const user = await newUser();
  await user.run(user.home, ['npm', 'install', '--global', 'criujs']);
  const elsewhere = user.path('elsewhere');
  const system = user.path('system');
  for (const it of [elsewhere, system]) mkdirSync(it);
  const plugin = (...args: string[]): Promise<Record<string, unknown>> =>
    jsonOf(user, elsewhere, ['env', `CRIUJS_PLUGINS_DIR=${system}`, 'criujs', 'plugin', ...args]);

  expect(await plugin('add', name)).toMatchObject({
    exitCode: 2,
    error: { remedy: expect.stringContaining('--global') },
  });
  const modules = user.path('prefix/lib/node_modules');
  expect(await plugin('add', name, '--global')).toMatchObject({
    exitCode: 0,
    added: { package: name, place: 'criujs', folder: join(modules, name), plugin: 'of-tests-global' },
  });
  expect(await plugin('add', 'criu-plugin-of-tests-system', '--system')).toMatchObject({
    exitCode: 0,
    added: { place: 'system', folder: join(system, 'node_modules/criu-plugin-of-tests-system') },
  });
  expect(await plugin('list')).toMatchObject({
    plugins: [
      { package: name, place: 'criujs', plugin: { name: 'of-tests-global' } },
      { package: 'criu-plugin-of-tests-system', place: 'system', packageVersion: '2.0.0' },
    ],
  });
  // A home that others may not enter: the code of a stranger is not run as root instead.
  if (isRoot) {
    expect(await plugin('check', name)).toMatchObject({
      exitCode: 6,
      error: { code: 'CHECK_NOT_POSSIBLE', remedy: expect.stringContaining('ordinary user') },
    });
  }

  const target = await place.start(shCounter);
  const images = target.images();
  const how = {
    bin: join(modules, 'criujs/bin/criujs.js'),
    cwd: elsewhere,
    env: { CRIUJS_PLUGINS_DIR: system },
  };
  const more = ['--plugins', 'installed'];
  await criujs.dump(target.pid, images, { more }, how);
  const { plugins } = JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8'));
  expect(plugins).toMatchObject([
    { name: 'of-tests-global', package: name, packageVersion: '1.0.0' },
    { name: 'of-tests-system', package: 'criu-plugin-of-tests-system', packageVersion: '2.0.0' },
  ]);
  target.pid = await criujs.restore(images, { more, newPids: !isRoot }, how);
  place.track(target.pid);
  await target.advance();
  await target.finish();

  await publish(place, name, '1.0.1');
  expect(await plugin('outdated')).toMatchObject({ exitCode: 1 });
  expect(await plugin('add', `${name}@latest`, '--global')).toMatchObject({ added: { packageVersion: '1.0.1' } });
  expect(await plugin('outdated')).toMatchObject({ exitCode: 0 });
});
