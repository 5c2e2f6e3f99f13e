import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, plan } from '@criujs/core';
import { describe, expect } from 'vitest';
import { criujs, criujsCommand, criujsFails, type EngineHow } from '../../core/test/harness/engines.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { untilGone } from '../../core/test/harness/processes.ts';
import { shCounter } from '../../core/test/harness/programs.ts';

// Plugins that are found where they are installed: in the project, and in a folder for all users.

interface Machine {
  readonly project: string;
  /** How to run a command in the project. */
  readonly how: EngineHow & { readonly cwd: string };
  /** Installs a package for the project or for all users; its plugin writes down that it was asked. */
  install(name: string, where?: 'project' | 'system', parts?: Parts): string;
  /** Which plugins were asked, in order. */
  asked(): readonly string[];
}

interface Parts {
  /** The plugin's own name; default: that of the package. */
  readonly plugin?: string;
  readonly manifest?: object;
  readonly required?: boolean;
}

function machineOf(place: Place): Machine {
  const project = place.fresh('project');
  const system = place.fresh('system');
  for (const folder of [project, system]) mkdirSync(folder);
  const calls = place.fresh('calls');
  return {
    project,
    how: { cwd: project, env: { CRIUJS_PLUGINS_DIR: system } },
    install(name, where = 'project', { plugin = name, manifest = {}, required = false } = {}) {
      const folder = join(where === 'project' ? project : system, 'node_modules', name);
      mkdirSync(folder, { recursive: true });
      const all = {
        name,
        version: '1.0.0',
        type: 'module',
        main: './index.js',
        keywords: ['criu-plugin'],
        ...manifest,
      };
      writeFileSync(join(folder, 'package.json'), JSON.stringify(all));
      writeFileSync(
        join(folder, 'index.js'),
        `import { appendFileSync } from 'node:fs';
         const handler = () => appendFileSync(${JSON.stringify(calls)}, '${plugin}\\n');
         const hooks = [{ hook: 'DUMP_DEVICES_LATE', handler }];
         export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: '${plugin}', required: ${required}, hooks };`,
      );
      return join(folder, 'index.js');
    },
    asked: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
  };
}

const dumping = (pid: number, images: string): string[] => ['dump', '-t', `${pid}`, '-D', images, '-R'];

describe('--plugins installed', () => {
  test('asks all that are installed, by name of the package, behind those that are named', async ({ place }) => {
    const { how, install, asked } = machineOf(place);
    install('zfs');
    install('amd', 'system');
    install('zfs', 'system');
    install('kvm');
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    const { code, stderr } = await criujsCommand(
      [...dumping(target.pid, images), '--plugins', 'installed', '-p', 'kvm', '-v'],
      how,
    );
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('installed plugins amd, zfs') });
    expect(asked()).toEqual(['kvm', 'amd', 'zfs']);
    const { plugins } = JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8'));
    expect(plugins).toMatchObject(['kvm', 'amd', 'zfs'].map((it) => ({ package: it, packageVersion: '1.0.0' })));
  });

  test('may stand in a configuration, and be what a program asks for', async ({ place }) => {
    const { project, how, install, asked } = machineOf(place);
    install('gpu');
    writeFileSync(join(project, 'criu.config.js'), "export default { plugins: 'installed' };");
    const target = await place.start(shCounter);
    const { code, stderr } = await criujsCommand(dumping(target.pid, place.fresh('images')), how);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const images = place.fresh('images');
    await dump({ pid: target.pid, images, leaveRunning: true, plugins: 'installed', cwd: project });
    expect(asked()).toEqual(['gpu', 'gpu']);
    expect((await plan({ pid: target.pid, plugins: 'installed', cwd: project })).possible).toBe(true);
  });

  test('is refused for all that is wrong with any of them, and nothing is done', async ({ place }) => {
    const { project, how, install, asked } = machineOf(place);
    install('fine');
    chmodSync(install('open', 'system'), 0o666);
    install('unbuilt', 'project', { manifest: { main: './dist/none.js', exports: './dist/none.js' } });
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    const failure = await criujsFails([...dumping(target.pid, images), '--plugins', 'installed'], how);
    expect(failure).toMatchObject({ code: 'PLUGIN_UNTRUSTED', exitCode: 4 });
    expect(failure.message).toMatch(/^2 installed plugins cannot be loaded:\n.*open.*\n.*unbuilt/);
    expect(existsSync(images)).toBe(false);
    await expect(plan({ pid: target.pid, plugins: 'installed', cwd: project })).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      plugin: 'unbuilt',
    });
    expect(asked()).toEqual([]);
    // Those that are wanted can be named.
    expect(await criujsCommand([...dumping(target.pid, images), '-p', 'fine'], how)).toMatchObject({ code: 0 });
    expect(asked()).toEqual(['fine']);
    await target.advance();
  });

  test('two packages whose plugins have one name are refused, with both', async ({ place }) => {
    const { how, install } = machineOf(place);
    install('criu-plugin-gpu', 'project', { plugin: 'gpu' });
    install('criujs-plugin-gpu', 'system', { plugin: 'gpu' });
    const target = await place.start(shCounter);
    const command = [...dumping(target.pid, place.fresh('images')), '--plugins', 'installed'];
    expect(await criujsFails(command, how)).toMatchObject({
      code: 'PLUGIN_DUPLICATE',
      message: 'two plugins are named gpu: criu-plugin-gpu and criujs-plugin-gpu',
    });
  });

  test('none is installed: told, and no failure', async ({ place }) => {
    const { how } = machineOf(place);
    const target = await place.start(shCounter);
    const { code, stderr } = await criujsCommand(['plan', '-t', `${target.pid}`, '--plugins', 'installed'], how);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('no plugin is installed') });
    expect(await criujsFails(['plan', '-t', '1', '--plugins', 'all'], how)).toMatchObject({ code: 'USAGE' });
  });
});

test('a restore without a plugin that the images need names the package that is installed', async ({ place }) => {
  const { how, install } = machineOf(place);
  install('criu-plugin-gpu', 'system', { plugin: 'gpu', required: true });
  const target = await place.start(shCounter);
  const images = target.images();
  await criujs.dump(target.pid, images, { more: ['-p', 'criu-plugin-gpu'] }, how);
  await untilGone(target.pid);
  const restore = ['restore', '-D', images, '--detach', ...(isRoot ? [] : ['--new-pids'])];
  expect(
    await criujsFails(restore, { cwd: how.cwd, env: { CRIUJS_PLUGINS_DIR: place.fresh('nothing') } }),
  ).toMatchObject({
    code: 'PLUGIN_MISSING',
    remedy: 'Load gpu: npm install criu-plugin-gpu@1.0.0, then --plugin criu-plugin-gpu (option `plugins`).',
  });
  install('criu-plugin-gpu', 'system', { plugin: 'gpu', required: true, manifest: { version: '1.2.0' } });
  expect(await criujsFails(restore, how)).toMatchObject({
    code: 'PLUGIN_MISSING',
    plugin: 'gpu',
    remedy: 'Load gpu: --plugin criu-plugin-gpu (option `plugins`); criu-plugin-gpu 1.2.0 is installed: the system.',
  });
  const more = ['--plugins', 'installed'];
  target.pid = await criujs.restore(images, { more, newPids: !isRoot }, how);
  place.track(target.pid);
  await target.advance();
  await target.finish();
});

test('plugin list: from which place, and what is hidden', async ({ place }) => {
  const { project, how, install } = machineOf(place);
  install('gpu');
  install('gpu', 'system', { manifest: { version: '0.9.0' } });
  install('kvm', 'system');
  const { code, stdout } = await criujsCommand(['plugin', 'list'], how);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^gpu 1\.0\.0 {2}the project$/m);
  expect(stdout).toContain(
    `gpu 0.9.0  the system\n  hidden by a nearer package of that name: ${join(project, 'node_modules/gpu')}\n`,
  );
  expect(stdout).toMatch(/^kvm 1\.0\.0 {2}the system$/m);
  const { plugins } = JSON.parse((await criujsCommand(['plugin', 'list', '--json'], how)).stdout);
  expect(plugins).toMatchObject([
    { package: 'gpu', place: 'project', shadowedBy: null, plugin: { name: 'gpu' } },
    { package: 'gpu', place: 'system', shadowedBy: join(project, 'node_modules/gpu') },
    { package: 'kvm', place: 'system', shadowedBy: null },
  ]);
});
