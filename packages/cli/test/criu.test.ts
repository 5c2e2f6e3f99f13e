import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionRows } from '@criujs/core';
import { breakpointsWork } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { run } from '../../core/test/harness/command.ts';
import { bin, criujs, criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { criu, criuMissing } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { runs, untilGone } from '../../core/test/harness/processes.ts';
import { counter } from '../../core/test/harness/programs.ts';
import { until } from '../../core/test/harness/wait.ts';

const missing = criuMissing() ?? counter.missing;
const misbehaving = fileURLToPath(new URL('../../core/test/plugins/misbehaving.ts', import.meta.url));
const by = ['--engine', 'criu', '--criu-bin', criu ?? ''];

test.skipIf(criuMissing())('options that CRIU has are called as there', async () => {
  for (const { flag, letter, argument, rpc } of [...optionRows('dump'), ...optionRows('restore')]) {
    for (const name of letter === undefined ? [flag] : [flag, letter]) {
      // It reads all options before it looks for the command.
      const { stderr, stdout } = await run([criu ?? '', 'none', argument === undefined ? name : `${name}=1`]);
      expect(/(unrecognized|invalid) option/.test(stderr + stdout), name).toBe(rpc === undefined);
    }
  }
});

describe.skipIf(missing)(missing ?? 'criujs --engine criu', () => {
  test('dumps, shows and restores', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const cgroups = ['--manage-cgroups', 'soft'];
    const dumped = await criujsCommand(['dump', '-t', String(target.pid), '-D', images, ...by, ...cgroups]);
    expect(dumped.stderr).toBe('');
    expect(dumped.stdout).toMatch(
      /^dumped \d+ to .*: 1 process, 1 thread, .* of memory\. It was frozen for .*; it has ended\.\n$/,
    );
    await untilGone(target.pid);
    const shown = JSON.parse((await criujsCommand(['show', images, '--json'])).stdout);
    expect(shown).toMatchObject({ tasks: [{ pid: target.pid }], problems: [] });
    const restored = await criujsCommand(['restore', '-D', images, '--detach', '--json', ...by, '--manage-cgroups']);
    const { pid } = JSON.parse(restored.stdout) as { pid: number };
    place.track(pid);
    expect(pid).toBe(target.pid);
    await target.advance();
    await target.finish();
  });

  for (const way of ['init:closesLoop', 'PAUSE_DEVICES:closesLoop', 'PAUSE_DEVICES:closesMany'] as const) {
    test(`a plugin that ends Node itself in ${way} is named, and the target lives on as it was`, async ({ place }) => {
      const target = await place.start(counter);
      const who = target.identities();
      const images = target.images();
      const args = ['dump', '-t', String(target.pid), '-D', images, ...by, '--plugin', misbehaving];
      // Whoever crashes leaves there what it had for CRIU.
      const env = { CRIUJS_TEST_MISBEHAVE: way, TMPDIR: target.directory };
      expect(await criujsFails(args, { env })).toMatchObject({
        exitCode: 4,
        code: 'PLUGIN_FAILED',
        plugin: 'test-misbehaving',
        hook: way.split(':')[0],
        message: expect.stringMatching(/^SIGABRT ended the process\. .* The target runs on as it was\.$/),
      });
      await until('CRIU has let it go', () => target.held().length === 0);
      expect(target.identities()).toEqual(who);
      expect(existsSync(join(images, 'inventory.img'))).toBe(false);
      await target.advance();
      await criujs.dump(target.pid, images, { leaveRunning: true, more: by });
      await target.finish();
    });
  }

  test('in the foreground gives the exit code of the restored root', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujsCommand(['dump', '-t', String(target.pid), '-D', images, ...by]);
    await untilGone(target.pid);
    writeFileSync(target.path('finish'), '');
    const { code } = await criujsCommand(['restore', '-D', images, ...by]);
    expect(code).toBe(0);
    expect(target.ticks()).toBeGreaterThan(2);
    expect(runs(target.pid)).toBe(false);
  });

  test('the configuration may choose it, and flags win', async ({ place }) => {
    const target = await place.start(counter);
    const config = { engine: 'criu', criu: { bin: criu, options: { 'log-file': 'mine.log' } } };
    writeFileSync(target.path('criu.config.mjs'), `export default ${JSON.stringify(config)};`);
    const images = target.images();
    const args = ['dump', '-t', String(target.pid), '-D', images, '-R', '-f'];
    // Everybody may write the folder of a target: what lies there and is not named is not run.
    const unused = await criujsCommand(args, { cwd: target.directory });
    expect(unused).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('criu.config.mjs is not used: others may write'),
    });
    expect(existsSync(join(images, 'mine.log'))).toBe(false);
    chmodSync(target.directory, 0o755);
    const used = await criujsCommand(args, { cwd: target.directory });
    expect(used).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`configuration ${target.path('criu.config.mjs')}`),
    });
    expect(readFileSync(join(images, 'mine.log'), 'utf8')).toContain('Dumping finished successfully');
    const wins = [...args, '--engine', 'embedded', '--json'];
    expect((await criujsCommand(wins, { cwd: target.directory })).code).toBe(0);
    expect(JSON.parse((await criujsCommand(['show', images, '--json'])).stdout).files.length).toBeGreaterThan(0);
  });

  test('a plugin that loops, hangs, or is interrupted: the program runs on', async ({ place }) => {
    const target = await place.start(counter);
    const stuck = fileURLToPath(new URL('../../criu-bridge/test/plugins/stuck.ts', import.meta.url));
    const args = (images: string): string[] => [
      'dump',
      '-t',
      String(target.pid),
      '-D',
      images,
      ...by,
      '--plugin',
      stuck,
    ];
    for (const how of ['loop', 'hang']) {
      // A process that is ended in the middle of a loop takes nothing away: what it leaves goes with the place.
      const env = { CRIUJS_TEST_STUCK: how, TMPDIR: place.directory };
      const failure = await criujsFails([...args(target.images()), '--hook-deadline', '500'], { env });
      expect(failure).toMatchObject({ code: 'HOOK_TIMEOUT', exitCode: 4 });
      await until('nobody holds it', () => target.held().length === 0);
      await target.advance();
    }
    const child = spawn(process.execPath, [bin, ...args(target.images()), '-v'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('freezing')) child.kill('SIGINT');
    });
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });

  test('plan says what is CRIU’s to decide, and changes nothing', async ({ place }) => {
    const target = await place.start(counter);
    const planned = await criujsCommand(['plan', '-t', String(target.pid), '--json', ...by]);
    const { rows, verdict } = JSON.parse(planned.stdout);
    expect(verdict).toBe('ready');
    expect(rows.length).toBeGreaterThan(0);
    for (const { taker } of rows) expect(taker.engine).toMatch(/^CRIU/);
    await target.advance();
  });

  test('needs nobody to tell it whether breakpoints in hardware work', async ({ place }) => {
    const target = await place.start(counter);
    const dump = ['dump', '-t', String(target.pid), '-D', target.images(), '-vv', ...by];
    const { code, stdout, stderr } = await run(['env', '-u', 'CRIU_FAULT', process.execPath, bin, ...dump]);
    expect(code, stderr).toBe(0);
    expect(`${stdout}${stderr}`.includes('CRIU_FAULT=130')).toBe(breakpointsWork() === false);
    await untilGone(target.pid);
  });

  test('check says which CRIU there is and which hooks it calls', async () => {
    const { code, stdout } = await criujsCommand(['check', ...by]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/is CRIU \d+\.\d+/);
    expect(stdout).toMatch(/it calls DUMP_UNIX_SK.*; never .*\(since /s);
  });

  test('restores from a directory that can only be read', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujsCommand(['dump', '-t', String(target.pid), '-D', images, ...by]);
    await untilGone(target.pid);
    // A mount of a namespace of its own, that goes with it.
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
    const inside = (...args: string[]): string[] => [
      ...['unshare', '-m', 'sh', '-c', script, 'sh', images, process.execPath, bin],
      ...args,
    ];
    const { code, stdout, stderr } = await run(inside('restore', '-D', images, '--detach', '--json', ...by));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    place.track((JSON.parse(stdout) as { pid: number }).pid);
    await target.advance();
    await target.finish();
  });

  test('a dump into a directory that can only be read is refused before anything', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    mkdirSync(images);
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
    const args = ['dump', '-t', String(target.pid), '-D', images, '--json', ...by];
    const { code, stdout } = await run([
      'unshare',
      '-m',
      'sh',
      '-c',
      script,
      'sh',
      target.directory,
      process.execPath,
      bin,
      ...args,
    ]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'IMAGES_UNWRITABLE',
      message: `cannot write ${target.directory}: the file system is read-only`,
    });
    await target.advance();
  });
});

describe('flags that make no sense', () => {
  const dump = ['dump', '-t', '1', '-D', 'images'];

  test.for([
    ['is for CRIU', [...dump, '--criu-option', 'tcp-close']],
    ['is for CRIU', [...dump, '--criu-bin', 'criu']],
    ['is for CRIU', [...dump, '--native-plugin', 'a.so']],
    ['Allowed choices are none, props', [...dump, '--engine', 'criu', '--manage-cgroups', 'some']],
    ['has no option "bogus"', [...dump, '--engine', 'criu', '--criu-option', 'bogus']],
    ['set by the engine itself', [...dump, '--engine', 'criu', '--criu-option', 'images_dir=x']],
    ['Allowed choices are embedded, criu', [...dump, '--engine', 'crui']],
  ] as const)('%s', async ([what, args]) => {
    expect(await criujsFails(args)).toMatchObject({ exitCode: 2, message: expect.stringContaining(what) });
  });
});
