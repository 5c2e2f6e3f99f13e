import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPluginHost } from '@criujs/plugin-host';
import { definePlugin, type HookRegistration, hook, type Plugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { criu, criuMissing } from '../../core/test/harness/machine.ts';
import { runs } from '../../core/test/harness/processes.ts';
import { until } from '../../core/test/harness/wait.ts';
import { openServer } from '../src/server/open-server.ts';
import { fuse, type Holder, type Rig, type Run, test } from './harness/rig.ts';

const missing = criuMissing();

/** The fuse keeper, with other hooks in place of its own. */
function keeper(name: string, ...hooks: readonly HookRegistration[]): Plugin {
  const names: readonly string[] = hooks.map((it) => it.hook);
  const others = (fuse.hooks as readonly HookRegistration[]).filter((it) => !names.includes(it.hook));
  return definePlugin({ name, hooks: [...hooks, ...others] });
}

/** CRIU has failed, and the program runs on as it was. */
async function expectUnharmed(run: Run, holder: Holder): Promise<void> {
  expect(run.code).not.toBe(0);
  expect(runs(holder.pid)).toBe(true);
  expect(await holder.tell()).toBe(holder.before);
}

describe.skipIf(missing)(missing ?? 'failures under the real CRIU', () => {
  describe('of a hook at a dump: one line that names the plugin, and the program runs on', () => {
    test('it throws', async ({ rig }) => {
      const error = Object.assign(new Error('no power'), { code: 'ENODEV', errno: 'ENODEV' });
      const plugin = keeper(
        'thrower',
        hook('DUMP_EXT_FILE', () => Promise.reject(error)),
      );
      const holder = await rig.start(['files', '/dev/fuse', '2']);
      const run = await rig.dump(holder.pid, { plugins: [plugin] });
      await expectUnharmed(run, holder);
      expect(run.failures).toMatchObject([{ code: 'HOOK_FAILED', plugin: 'thrower', hook: 'DUMP_EXT_FILE' }]);
      expect(run.log).toMatch(
        /Error \(criujs\): DUMP_EXT_FILE: plugin thrower: DUMP_EXT_FILE of file \d+ \(\/dev\/fuse\) failed: no power/,
      );
    });

    test('it hangs', async ({ rig }) => {
      const plugin = keeper(
        'hanger',
        hook('DUMP_EXT_FILE', () => new Promise<void>(() => {})),
      );
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, { plugins: [plugin], deadline: 300 });
      await expectUnharmed(run, holder);
      expect(run.failures).toMatchObject([{ code: 'HOOK_TIMEOUT', plugin: 'hanger' }]);
      expect(run.log).toContain('plugin hanger: DUMP_EXT_FILE of file');
      expect(run.log).toContain('did not answer within 300 ms');
    });

    test('it answers nonsense', async ({ rig }) => {
      const plugin = keeper('babbler', hook('DUMP_EXT_FILE', (() => 5) as never));
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, { plugins: [plugin] });
      await expectUnharmed(run, holder);
      expect(run.failures).toMatchObject([{ code: 'HOOK_BAD_RESULT', plugin: 'babbler' }]);
      expect(run.log).toContain('plugin babbler: DUMP_EXT_FILE of file');
    });

    test('nobody takes the file', async ({ rig }) => {
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, {
        plugins: [definePlugin({ name: 'idle', hooks: [hook('PAUSE_DEVICES', () => {})] })],
      });
      await expectUnharmed(run, holder);
      expect(run.log).toContain("Can't dump file");
    });

    test('an observer throws', async ({ rig }) => {
      const plugin = keeper(
        'noisy',
        hook('CHECKPOINT_DEVICES', () => Promise.reject(new Error('too hot'))),
      );
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, { plugins: [plugin] });
      await expectUnharmed(run, holder);
      expect(run.failures).toMatchObject([{ code: 'HOOK_FAILED', plugin: 'noisy', hook: 'CHECKPOINT_DEVICES' }]);
    });
  });

  describe('at a restore', () => {
    test('a hook throws: no process is left', async ({ rig }) => {
      const holder = await rig.start(['tree', '/dev/fuse', '2', '3']);
      expect(await rig.dump(holder.pid, { plugins: [fuse] })).toMatchObject({ code: 0 });
      const plugin = keeper(
        'fuse-keeper',
        hook('RESTORE_EXT_FILE', () => Promise.reject(new Error('gone'))),
      );
      const run = await rig.restore({ plugins: [plugin] });
      expect(run.code).not.toBe(0);
      expect(run.failures[0]).toMatchObject({ code: 'HOOK_FAILED', plugin: 'fuse-keeper', hook: 'RESTORE_EXT_FILE' });
      expect(run.log).toContain('plugin fuse-keeper: RESTORE_EXT_FILE of file');
      await until('no process is left', () => !existsSync(`/proc/${holder.pid}`));
    });

    test('the plugin that dumped it is not loaded', async ({ rig }) => {
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      expect(await rig.dump(holder.pid, { plugins: [fuse] })).toMatchObject({ code: 0 });
      const run = await rig.restore({ plugins: [keeper('stranger')] });
      expect(run.code).not.toBe(0);
      expect(run.log, 'CRIU has it in its inventory').toContain('fuse-keeper');
    });

    test('a late hook fails, which CRIU hides', async ({ rig }) => {
      const late = keeper(
        'late',
        hook('RESUME_DEVICES_LATE', () => Promise.reject(new Error('still cold'))),
      );
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      expect(await rig.dump(holder.pid, { plugins: [late] })).toMatchObject({ code: 0 });
      const run = await rig.restore({ plugins: [late] });
      expect(run).toMatchObject({
        code: 0,
        failures: [{ code: 'HOOK_FAILED', plugin: 'late', hook: 'RESUME_DEVICES_LATE' }],
      });
      expect(run.failures[0]?.message).toContain('still cold');
    });

    test('a unix socket fails, which CRIU tries to get around', async ({ rig }) => {
      const path = join(rig.directory, 'service');
      const service = createServer((peer) => peer.on('data', (data) => peer.write(data)).on('error', () => {}));
      await new Promise<void>((resolve) => service.listen(path, resolve));
      const plugin = definePlugin({
        name: 'sockets',
        hooks: [
          hook('DUMP_UNIX_SK', () => undefined),
          hook('RESTORE_UNIX_SK', () => Promise.reject(new Error('nobody answers'))),
        ],
      });
      const holder = await rig.start(['socket', path]);
      expect(await rig.dump(holder.pid, { plugins: [plugin], args: ['--ext-unix-sk'] })).toMatchObject({ code: 0 });
      const run = await rig.restore({ plugins: [plugin], args: ['--ext-unix-sk'] });
      service.close();
      expect(run.failures).toMatchObject([{ code: 'HOOK_FAILED', plugin: 'sockets', hook: 'RESTORE_UNIX_SK' }]);
    });
  });

  describe('of the process that hosts the plugins: it is killed', () => {
    test('in the middle of a dump: the program runs on', async ({ rig }) => {
      const holder = await rig.start(['files', '/dev/fuse', '2']);
      const run = await killHost(rig, 'dump', ['-t', String(holder.pid)]);
      expect(run.code).not.toBe(0);
      expect(run.log).toContain('the plugin host closed the connection; it has ended');
      expect(runs(holder.pid)).toBe(true);
      expect(await holder.tell()).toBe(holder.before);
    });

    test('in the middle of a restore: no process is left', async ({ rig }) => {
      const holder = await rig.start(['tree', '/dev/fuse', '2', '3']);
      expect(await rig.dump(holder.pid, { plugins: [fuse] })).toMatchObject({ code: 0 });
      const run = await killHost(rig, 'restore', ['-d']);
      expect(run.code).not.toBe(0);
      expect(run.log).toContain('the plugin host closed the connection; it has ended');
      await until('no process is left', () => !existsSync(`/proc/${holder.pid}`));
    });
  });

  test('images in a directory that is read-only', async ({ rig }) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'images', rig.images]);
    rig.atEnd(() => void execFileSync('umount', [rig.images]));
    const host = await createPluginHost({ plugins: [fuse] });
    const opening = openServer({ images: rig.images, host, records: null, hookDeadlineMs: 1000 });
    await expect(opening).rejects.toMatchObject({
      code: 'WIRE_SOCKET',
      message: expect.stringContaining('read-only'),
      remedy: expect.stringContaining('Copy the images'),
    });
  });

  test('an image directory with a path that no socket could have', async ({ rig }) => {
    const images = join(rig.images, 'a'.repeat(100), 'b'.repeat(100));
    mkdirSync(images, { recursive: true });
    const holder = await rig.start(['files', '/dev/fuse', '1']);
    const run = await rig.dump(holder.pid, { plugins: [fuse], images });
    expect(run, run.log).toMatchObject({ code: 0, failures: [], claimed: ['fuse-keeper'] });
  });

  describe('of the way', () => {
    test('a wrong token is not let in, and both sides say so', async ({ rig }) => {
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, {
        plugins: [fuse],
        spoil: (environment) => environment.replace(/:.*/, `:${'0'.repeat(64)}`),
      });
      await expectUnharmed(run, holder);
      expect(run.failures).toMatchObject([{ message: expect.stringContaining('wrong token') }]);
      expect(run.log).toContain('Error (criujs): init: the token is not that of this run');
    });

    test('nobody listens', async ({ rig }) => {
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, {
        plugins: [fuse],
        spoil: (environment) => environment.replace(/^[^:]*/, '.criujs-nobody'),
      });
      await expectUnharmed(run, holder);
      expect(run.log).toContain('the plugin host cannot be reached through .criujs-nobody in the image directory');
    });

    test('the bridge is loaded by a CRIU that nobody gave plugins', async ({ rig }) => {
      const holder = await rig.start(['files', '/dev/fuse', '1']);
      const run = await rig.dump(holder.pid, { plugins: [fuse], spoil: () => '' });
      await expectUnharmed(run, holder);
      expect(run.log).toContain('CRIUJS_BRIDGE is not set');
    });
  });
});

/** Runs CRIU with a host in another process, and kills that once a plugin is asked. */
async function killHost(
  rig: Rig,
  stage: 'dump' | 'restore',
  args: readonly string[],
): Promise<Pick<Run, 'code' | 'log'>> {
  const mark = join(rig.directory, `asked-${stage}`);
  const program = fileURLToPath(new URL('./harness/host-process.js', import.meta.url));
  const host = spawn(process.execPath, [program, stage, rig.images, mark], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(host, 'exit');
  const [said] = (await once(host.stdout, 'data')) as [Buffer];
  const environment = JSON.parse(said.toString()) as Record<string, string>;
  const log = join(rig.images, `${stage}.log`);
  rmSync(log, { force: true });
  const child = spawn(criu ?? '', [stage, '-D', rig.images, '-o', `${stage}.log`, '-v4', ...args], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  await until('a plugin is asked', () => existsSync(mark));
  host.kill('SIGKILL');
  await ended;
  const [code] = (await exited) as [number | null];
  rmSync(environment['CRIU_LIBS_DIR'] ?? '', { recursive: true });
  return { code, log: readFileSync(log, 'utf8') };
}
