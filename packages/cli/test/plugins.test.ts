import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeRecord } from '@criujs/plugin-host';
import { describe, expect } from 'vitest';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { criujs, criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { processesIn, untilGone } from '../../core/test/harness/processes.ts';
import { cProgram, nodeCounter, shCounter } from '../../core/test/harness/programs.ts';
import type { Target } from '../../core/test/harness/target.ts';
import { until } from '../../core/test/harness/wait.ts';

const pluginOf = (name: string): string =>
  fileURLToPath(new URL(`../../core/test/plugins/${name}.ts`, import.meta.url));
const newPids = isRoot ? {} : { newPids: true };

/** A module that needs nothing installed: the SDK's brand is a symbol of all. */
const pluginCode = (fields: string): string =>
  `export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, ${fields} };`;

function writePlugin(place: Place, name: string, fields: string): string {
  const path = join(place.directory, name);
  writeFileSync(path, pluginCode(fields));
  return path;
}

/** It goes on as if nothing had been. */
async function unharmed(target: Target, what: () => Promise<void>): Promise<void> {
  const [before] = target.identities();
  await what();
  await target.advance();
  expect(target.identities()[0]).toEqual(before);
  expect(target.held()).toEqual([]);
}

describe('options of plugins', () => {
  /** Wants `limits.memory` to be a number. */
  const schema = `{ '~standard': { version: 1, vendor: 'test', validate: (value) =>
    typeof value.limits?.memory === 'number' ? { value } : { issues: [{ message: 'must be a number', path: ['limits', 'memory'] }] } } }`;
  const fields = `name: 'gpu', options: ${schema}, hooks: [], init: (_, { log, options }) => log.info(JSON.stringify(options))`;

  test('a wrong one is an error with its path, before anything is done', async ({ place }) => {
    const target = await place.start(shCounter);
    const plugin = writePlugin(place, 'gpu.mjs', fields);
    const images = place.fresh('images');
    const dump = ['dump', '-t', `${target.pid}`, '-D', images, '-p', plugin];
    await unharmed(target, async () => {
      const failure = await criujsFails([...dump, '--plugin-option', 'gpu.limits.memory=lots']);
      expect(failure).toMatchObject({ code: 'PLUGIN_OPTIONS', exitCode: 2, plugin: 'gpu' });
      expect(failure.message).toContain('gpu.limits.memory: must be a number');
      expect(failure.remedy).toContain('--plugin-option gpu.');
      expect(await criujsFails(dump), 'none at all').toMatchObject({ code: 'PLUGIN_OPTIONS', exitCode: 2 });
    });
    expect(existsSync(images)).toBe(false);
  });

  test('those of a plugin that is not loaded are an error with a suggestion', async ({ place }) => {
    const target = await place.start(shCounter);
    const plugin = writePlugin(place, 'gpu.mjs', fields);
    const dump = ['dump', '-t', `${target.pid}`, '-D', place.fresh('images')];
    await unharmed(target, async () => {
      const typo = await criujsFails([...dump, '-p', plugin, '--plugin-option', 'gpus.limits.memory=5']);
      expect(typo).toMatchObject({ code: 'PLUGIN_OPTIONS', exitCode: 2, plugin: 'gpus' });
      expect(typo.remedy).toBe('Did you mean gpu?');
      expect(await criujsFails([...dump, '--plugin-option', 'gpu.device=0'])).toMatchObject({
        code: 'PLUGIN_OPTIONS',
        exitCode: 2,
        remedy: expect.stringContaining('None is loaded'),
      });
    });
  });

  test('those of the configuration and of the command line come together', async ({ place }) => {
    const target = await place.start(shCounter);
    writePlugin(place, 'gpu.mjs', fields);
    const config = `export default { plugins: ['./gpu.mjs'], pluginOptions: { gpu: { limits: { memory: 1, time: 2 }, choose() {} } } };`;
    writeFileSync(join(place.directory, 'criu.config.mjs'), config);
    const dump = ['dump', '-t', `${target.pid}`, '-D', place.fresh('images'), '-R'];
    const { code, stderr } = await criujsCommand([...dump, '--plugin-option', 'gpu.limits.memory=4096'], {
      cwd: place.directory,
    });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('{"memory":4096,"time":2}') });
  });
});

describe('a record of a run', () => {
  test('of a dump and of a restore: calls, answers, ends', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const watches = `name: 'watches', version: '1.0.0', hooks: [
      { hook: 'CHECKPOINT_DEVICES', handler: (args, context) => context.image.writeJson('seen', args) },
      { hook: 'RESUME_DEVICES_LATE', handler: async (_, context) => void (await context.image.readJson('seen')) }]`;
    const plugin = writePlugin(place, 'watches.mjs', watches);
    const images = place.fresh('images');
    const files = { dump: place.fresh('dump.jsonl'), restore: place.fresh('restore.jsonl') };
    const { pid } = target;
    await criujs.dump(pid, images, { more: ['-p', plugin, '--record', files.dump] });
    await untilGone(pid);
    target.pid = await criujs.restore(images, { ...newPids, more: ['-p', plugin, '--record', files.restore] });
    place.track(target.pid);
    await target.advance();

    const [dump = [], restore = []] = Object.values(files).map((file) => decodeRecord(readFileSync(file, 'utf8')));
    expect(dump[1]).toMatchObject({ event: 'host', plugins: [{ name: 'watches', version: '1.0.0' }] });
    expect(dump.at(2)).toMatchObject({ event: 'start', stage: 'dump' });
    expect(dump).toContainEqual(expect.objectContaining({ event: 'call', hook: 'CHECKPOINT_DEVICES', args: { pid } }));
    expect(dump.at(-1)).toEqual({ event: 'finish', exitErrors: [] });
    expect(restore.at(2)).toMatchObject({ event: 'start', stage: 'restore' });
    expect(restore).toContainEqual(expect.objectContaining({ event: 'part', plugin: 'watches', name: 'seen' }));
    expect(restore.at(-1)).toEqual({ event: 'finish', exitErrors: [] });
    expect(statSync(files.dump).mode & 0o777).toBe(0o600);
  });

  test('of a run that failed: what it failed of', async ({ place }) => {
    const target = await place.start(shCounter);
    const fails = `name: 'fails', hooks: [{ hook: 'CHECKPOINT_DEVICES', handler() { throw new Error('no driver') } }]`;
    const plugin = writePlugin(place, 'fails.mjs', fails);
    const file = place.fresh('calls.jsonl');
    await unharmed(target, async () => {
      const images = place.fresh('images');
      const dump = ['dump', '-t', `${target.pid}`, '-D', images, '-p', plugin, '--record', file];
      expect(await criujsFails(dump)).toMatchObject({ code: 'HOOK_FAILED' });
    });
    const lines = decodeRecord(readFileSync(file, 'utf8'));
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'answer', error: expect.objectContaining({ code: 'HOOK_FAILED' }) }),
    );
    expect(lines.at(-1)).toMatchObject({ event: 'finish', error: { code: 'HOOK_FAILED' } });
  });

  test('that cannot be written ends the run before it begins', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    await unharmed(target, async () => {
      expect(
        await criujsFails(['dump', '-t', `${target.pid}`, '-D', images, '--record', '/nowhere/calls']),
      ).toMatchObject({
        code: 'BAD_OPTION',
        exitCode: 2,
      });
    });
    expect(existsSync(images)).toBe(false);
  });
});

describe('show', () => {
  test('prints a dump, and what a plugin keeps in it', async ({ place }) => {
    const target = await place.start(shCounter);
    const keeps = `name: 'keeps', version: '0.4.0', imageVersion: 2, hooks: [
      { hook: 'CHECKPOINT_DEVICES', handler: (_, { image }) => image.writeJson('note', { text: 'a\\u001b[31mred' }) }]`;
    const images = place.fresh('images');
    await criujs.dump(target.pid, images, {
      leaveRunning: true,
      more: ['-p', writePlugin(place, 'keeps.mjs', keeps)],
    });
    const before = readdirSync(images);
    const { code, stdout } = await criujsCommand(['show', images]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^  ${target.pid} .*alive, 1 thread.*/`, 'm'));
    expect(stdout).toMatch(/keeps 0\.4\.0$/m);
    expect(stdout).toContain('keeps 0.4.0 (API 1, image 2)');
    expect(stdout).toContain('note');
    expect(stdout).toContain('"text": "a');
    expect(stdout, 'nothing of the images commands the terminal').not.toContain('\x1b');
    const shown = JSON.parse((await criujsCommand(['show', images, '--json'])).stdout);
    expect(shown).toMatchObject({
      ok: true,
      command: 'show',
      images,
      inventory: { plugins: ['keeps'], loaded: [{ name: 'keeps', version: '0.4.0', apiVersion: 1, imageVersion: 2 }] },
      sections: [
        {
          plugin: 'keeps',
          version: '0.4.0',
          imageVersion: 2,
          parts: [{ name: 'note', json: { text: 'a\x1b[31mred' } }],
        },
      ],
      problems: [],
    });
    expect(shown.tasks[0]).toMatchObject({ pid: target.pid, state: 'alive', program: expect.stringMatching(/^\//) });
    expect(shown.files).toContainEqual(expect.objectContaining({ name: target.path('log') }));
    expect(readdirSync(images), 'it only reads').toEqual(before);
  });

  test.skipIf(!isRoot)('an older plugin is not given what a newer one wrote', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = target.images();
    const release = (imageVersion: number): readonly string[] => {
      const fields = `name: 'keeps', imageVersion: ${imageVersion}, hooks: []`;
      return ['-p', writePlugin(place, `keeps-${imageVersion}.mjs`, fields)];
    };
    await criujs.dump(target.pid, images, { more: release(2) });
    const failure = await criujsFails(['restore', '-D', images, '--detach', ...release(1)]);
    expect(failure).toMatchObject({ code: 'PLUGIN_IMAGE_VERSION', exitCode: 4, plugin: 'keeps' });
    expect(failure.remedy).toContain('Update the plugin keeps');
    expect(processesIn(target.directory), 'nothing is half restored').toEqual([]);
    place.track(await criujs.restore(images, { more: release(3) }));
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)('needs no right but to read', async ({ place }) => {
    const target = await place.start(shCounter, { asNobody: true });
    const images = target.images();
    await criujs.dump(target.pid, images, { leaveRunning: true }, { asNobody: true });
    const { code, stdout } = await criujsCommand(['show', images], { asNobody: true });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(`${target.pid}`) });
  });

  test('damage is told, with exit code 5, and the rest is shown', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    await criujs.dump(target.pid, images, { leaveRunning: true });
    writeFileSync(join(images, 'files.img'), 'no image at all');
    const { code, stdout } = await criujsCommand(['show', images]);
    expect(code).toBe(5);
    expect(stdout).toContain(`${target.pid}`);
    expect(stdout).toMatch(/1 problem\n {2}files\.img/);
    expect(await criujsFails(['show', place.fresh('nowhere')])).toMatchObject({
      code: 'IMAGES_INCOMPLETE',
      exitCode: 5,
    });
  });
});

describe('plugin list', () => {
  function install(place: Place, name: string, code: string): void {
    const folder = join(place.directory, 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    const manifest = { name, version: '1.0.0', type: 'module', exports: './index.js', keywords: ['criu-plugin'] };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'index.js'), code);
  }

  test('what is installed here, and what is wrong with it', async ({ place }) => {
    const how = { cwd: place.directory };
    expect((await criujsCommand(['plugin', 'list'], how)).stdout).toContain('No plugin is installed');
    const hooks = `hooks: [{ hook: 'DUMP_EXT_FILE', handler() {} }]`;
    install(place, '@us/criu-plugin-gpu', pluginCode(`name: 'gpu', version: '2.1.0', ${hooks}`));
    install(place, 'criu-plugin-old', 'export function cr_plugin_dump_file(fd, id) { return 0; }');
    install(place, 'criu-plugin-broken', 'export default definePlugin({ name: ');
    install(place, 'criu-plugin-hidden', 'export default makePlugin();');
    install(place, 'criu-plugin-partly', `export default definePlugin({ name: 'partly', hooks: makeHooks() });`);
    install(place, 'criu-plugin-open', pluginCode(`name: 'open', hooks: []`));
    chmodSync(join(place.directory, 'node_modules/criu-plugin-open/index.js'), 0o666);
    const { code, stdout } = await criujsCommand(['plugin', 'list'], how);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /@us\/criu-plugin-gpu 1\.0\.0 {2}the project\n {2}plugin gpu 2\.1\.0 {2}definePlugin, no schema for options\n {2}DUMP_EXT_FILE\n/,
    );
    expect(stdout).toMatch(/criu-plugin-broken 1\.0\.0 {2}the project\n {2}cannot be loaded: .*not JavaScript/);
    expect(stdout).toMatch(/criu-plugin-hidden 1\.0\.0 {2}the project\n {2}cannot be told: /);
    expect(stdout).toMatch(
      /plugin partly .*\n {2}no hooks that could be read\n {2}note: its hooks cannot be read without/,
    );
    const { plugins } = JSON.parse((await criujsCommand(['plugin', 'list', '--json'], how)).stdout);
    expect(plugins).toMatchObject([
      { package: '@us/criu-plugin-gpu', plugin: { name: 'gpu', hooks: ['DUMP_EXT_FILE'], hasOptions: false } },
      { package: 'criu-plugin-broken', plugin: null, error: { code: 'PLUGIN_INVALID', remedy: expect.any(String) } },
      { package: 'criu-plugin-hidden', plugin: null, error: { code: 'PLUGIN_UNTOLD', remedy: expect.any(String) } },
      { package: 'criu-plugin-old', plugin: { version: '0.1.0', hooks: ['DUMP_EXT_FILE'], complete: true } },
      { package: 'criu-plugin-open', plugin: null, error: { code: 'PLUGIN_UNTRUSTED', remedy: expect.any(String) } },
      { package: 'criu-plugin-partly', plugin: { name: 'partly', hooks: [], complete: false } },
    ]);
  });

  test('nothing of any is run, also by inspect', async ({ place }) => {
    const mark = join(place.directory, 'it-ran');
    const write = `writeFileSync(${JSON.stringify(mark)}, '');`;
    const harm = {
      writes: `import { writeFileSync } from 'node:fs';\n${write}`,
      exits: 'process.exit(3);',
      loops: 'for (;;);',
      waits: 'await new Promise(() => setInterval(() => {}, 1000));',
      // Both are run by an import, too.
      beside: "import './harm.js';",
    };
    const how = { cwd: place.directory };
    for (const [name, code] of Object.entries(harm)) {
      install(place, `criu-plugin-${name}`, `${code}\n${pluginCode(`name: '${name}', hooks: []`)}`);
      const folder = join(place.directory, 'node_modules', `criu-plugin-${name}`);
      writeFileSync(join(folder, 'harm.js'), `import { writeFileSync } from 'node:fs';\n${write}`);
    }
    const { plugins } = JSON.parse((await criujsCommand(['plugin', 'list', '--json'], how)).stdout);
    expect(plugins.map((it: { plugin: { name: string } }) => it.plugin.name)).toEqual(Object.keys(harm).toSorted());
    for (const name of Object.keys(harm)) {
      const { code, stdout } = await criujsCommand(['plugin', 'inspect', `criu-plugin-${name}`, '--json'], how);
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, plugin: { name, complete: true } });
    }
    expect(existsSync(mark)).toBe(false);
  });

  test('a group without one of its commands prints its help', async () => {
    const { code, stderr } = await criujsCommand(['plugin']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('list') });
    expect(await criujsFails(['plugin', 'lst'])).toMatchObject({
      code: 'USAGE',
      remedy: expect.stringContaining('list'),
    });
  });
});

test('a plugin of the old structure is served, and told of once', async ({ place }) => {
  const target = await place.start(shCounter);
  const plugin = join(place.directory, 'old.cjs');
  const calls = place.fresh('calls');
  writeFileSync(
    plugin,
    `const { appendFileSync } = require('node:fs');
     const note = (what) => appendFileSync(${JSON.stringify(calls)}, what + '\\n');
     exports.cr_plugin_init = () => { note('init'); return 0; };
     exports.cr_plugin_checkpoint_devices = (pid) => { note('checkpoint ' + pid); return 0; };
     exports.cr_plugin_fini = () => note('fini');`,
  );
  const dump = ['dump', '-t', `${target.pid}`, '-D', place.fresh('images'), '-R', '-p', plugin];
  const { code, stderr } = await criujsCommand(dump);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const lines = readFileSync(calls, 'utf8').trim().split('\n');
  expect([lines[0], lines[1], lines.at(-1)]).toEqual(['init', `checkpoint ${target.pid}`, 'fini']);
  expect(stderr.match(/old structure/g)).toHaveLength(1);
  expect(stderr).toContain('cr_plugin_checkpoint_devices');
});

const missing = !isRoot || unknownDevice === null || cProgram('external').missing !== null;

test.skipIf(missing)(
  'all plugins that a restore misses are in one error, before anything is opened',
  async ({ place }) => {
    const path = place.fresh('service');
    const server = createServer((socket) => {
      socket.on('data', (text) => socket.write(`${text}`.replace('\n', ' yes\n')));
      // The dump ends the program, which may not have read all.
      socket.on('error', () => socket.destroy());
    });
    server.listen(path);
    await until('the service listens', () => server.listening);
    try {
      const env = { SERVICE: path, DEVICE: unknownDevice ?? '' };
      const target = await place.start({ ...cProgram('external'), env });
      const images = target.images();
      const plugins = ['-p', pluginOf('service'), '-p', pluginOf('device')];
      await criujs.dump(target.pid, images, { more: plugins });
      const { inventory, files } = JSON.parse((await criujsCommand(['show', images, '--json'])).stdout);
      expect(inventory.plugins.toSorted()).toEqual(['test-device', 'test-service']);
      const providers = files.flatMap((file: { provider: unknown }) => (file.provider === null ? [] : [file.provider]));
      expect(providers).toEqual(
        expect.arrayContaining([
          { name: 'test-device', version: '1.2.3' },
          { name: 'test-service', version: null },
        ]),
      );

      const calls = place.fresh('calls');
      const early = writePlugin(
        place,
        'early.mjs',
        `name: 'early', hooks: [{ hook: 'RESTORE_INIT', async handler() { (await import('node:fs')).writeFileSync(${JSON.stringify(calls)}, ''); } }]`,
      );
      const failure = await criujsFails(['restore', '-D', images, '--detach', '-p', early]);
      expect(failure).toMatchObject({ code: 'PLUGIN_MISSING', exitCode: 4 });
      expect(failure.message).toMatch(/2 plugins are not loaded:\n.*test-device 1\.2\.3 dumped file/);
      expect(failure.message).toContain('test-service dumped unix socket');
      expect(failure.remedy).toContain('which was ./device.ts at the dump');
      expect(existsSync(calls), 'no hook was called').toBe(false);
      expect(processesIn(target.directory), 'nothing is half restored').toEqual([]);

      place.track(await criujs.restore(images, { more: plugins }));
      await target.advance();
      await target.finish();
    } finally {
      server.close();
    }
  },
);
