import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { run, runWell } from '../../core/test/harness/command.ts';
import { bin, criujs, criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { proc, state, threadsOf } from '../../core/test/harness/processes.ts';
import { nodeCounter, shCounter } from '../../core/test/harness/programs.ts';
import type { Target } from '../../core/test/harness/target.ts';
import { until } from '../../core/test/harness/wait.ts';

// Each mistake gives one error with a code and an exit code, and harms nothing.

const isKernelThread = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '';

/** It goes on as if nothing had been. */
async function unharmed(target: Target, what: () => Promise<void>): Promise<void> {
  // Its children come and go.
  const [before] = target.identities();
  await what();
  await target.advance();
  expect(target.identities()[0]).toEqual(before);
  expect(target.held()).toEqual([]);
}

describe('a pid that cannot be dumped', () => {
  test('nobody has it', async ({ place }) => {
    const images = place.fresh('images');
    expect(await criujsFails(['dump', '-t', '4194304', '-D', images])).toMatchObject({
      code: 'NO_SUCH_PROCESS',
      exitCode: 7,
      pid: 4194304,
      remedy: expect.any(String),
    });
    expect(existsSync(images)).toBe(false);
  });

  test.skipIf(!isKernelThread(2))('a thread of the kernel', async ({ place }) => {
    expect(await criujsFails(['dump', '-t', '2', '-D', place.fresh('images')])).toMatchObject({
      code: 'KERNEL_THREAD',
      exitCode: 7,
    });
  });

  test('a zombie', async ({ place }) => {
    // The child ends when its parent has become a program that never looks after children.
    const go = place.fresh('go');
    const parent = spawn('/bin/sh', ['-c', '(until [ -e "$0" ]; do :; done) & echo $!; exec sleep 1000', go], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = parent.pid ?? 0;
    place.track(pid);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    await until('the parent sleeps', () => proc(pid, 'comm') === 'sleep\n');
    writeFileSync(go, '');
    await until('the child is a zombie', () => state(zombie) === 'Z');
    expect(await criujsFails(['dump', '-t', `${zombie}`, '-D', place.fresh('images')])).toMatchObject({
      code: 'ZOMBIE',
      exitCode: 7,
    });
    expect(state(zombie)).toBe('Z');
  });

  test('an ancestor of the engine', async ({ place }) => {
    expect(await criujsFails(['dump', '-t', `${process.pid}`, '-D', place.fresh('images')])).toMatchObject({
      code: 'OWN_PROCESS',
      exitCode: 7,
    });
  });

  test('a thread that is no process', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const thread = await until('it has threads', () => threadsOf(target.pid).find((it) => it !== target.pid));
    const failure = await criujsFails(['dump', '-t', `${thread}`, '-D', place.fresh('images')]);
    expect(failure).toMatchObject({ code: 'NO_SUCH_PROCESS', remedy: expect.stringContaining(`${target.pid}`) });
  });

  test.skipIf(!isRoot)('of another user, without rights', async ({ place }) => {
    const target = await place.start(shCounter);
    await unharmed(target, async () => {
      const images = `/tmp/criujs-nobody-${target.pid}`;
      expect(await criujsFails(['dump', '-t', `${target.pid}`, '-D', images], { asNobody: true })).toMatchObject({
        code: 'NOT_PERMITTED',
        exitCode: 6,
      });
      expect(existsSync(images)).toBe(false);
    });
  });
});

describe('an image directory that cannot take a dump', () => {
  test('it holds one: --force replaces it, and leaves what is no image', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    await criujs.dump(target.pid, images, { leaveRunning: true });
    writeFileSync(join(images, 'notes.txt'), 'mine');
    writeFileSync(join(images, 'core-999999.img'), 'of an older dump');
    const before = readdirSync(images);
    await unharmed(target, async () => {
      expect(await criujsFails(['dump', '-t', `${target.pid}`, '-D', images])).toMatchObject({
        code: 'IMAGES_EXIST',
        exitCode: 5,
        remedy: expect.stringContaining('--force'),
      });
      expect(readdirSync(images)).toEqual(before);
    });
    await criujs.dump(target.pid, images, { leaveRunning: true, more: ['--force'] });
    expect(readdirSync(images)).toContain('notes.txt');
    expect(readdirSync(images)).not.toContain('core-999999.img');
    expect(readdirSync(images)).toContain('inventory.img');
  });

  test('a dump that is refused keeps the old one, even with --force', async ({ place }) => {
    const images = place.fresh('images');
    mkdirSync(images);
    writeFileSync(join(images, 'inventory.img'), 'old');
    expect((await criujsFails(['dump', '-t', '4194304', '-D', images, '--force'])).code).toBe('NO_SUCH_PROCESS');
    expect(readFileSync(join(images, 'inventory.img'), 'utf8')).toBe('old');
  });

  test('it is a file', async ({ place }) => {
    const target = await place.start(shCounter);
    const path = place.fresh('images');
    writeFileSync(path, '');
    await unharmed(target, async () => {
      expect(await criujsFails(['dump', '-t', `${target.pid}`, '-D', path])).toMatchObject({
        code: 'IMAGES_UNWRITABLE',
        exitCode: 5,
      });
    });
  });

  test.skipIf(!isRoot)('it is not writable', async ({ place }) => {
    const target = await place.start(shCounter, { asNobody: true });
    const images = place.fresh('images');
    mkdirSync(images, { mode: 0o755 });
    await unharmed(target, async () => {
      expect(await criujsFails(['dump', '-t', `${target.pid}`, '-D', images], { asNobody: true })).toMatchObject({
        code: 'IMAGES_UNWRITABLE',
        exitCode: 5,
      });
    });
  });

  test.skipIf(!isRoot)('it is full', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const images = place.fresh('images');
    mkdirSync(images);
    await runWell(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', images]);
    try {
      await unharmed(target, async () => {
        // The mount point itself could not be swapped.
        const inside = join(images, 'inside');
        expect(await criujsFails(['dump', '-t', `${target.pid}`, '-D', inside])).toMatchObject({
          code: 'IMAGES_FULL',
          exitCode: 5,
          remedy: expect.any(String),
        });
        expect(readdirSync(images)).toEqual([]);
      });
    } finally {
      await runWell(['umount', images]);
    }
  });
});

describe('an image directory that cannot be', () => {
  test('where the kernel makes no files, at once', async ({ place }) => {
    const target = await place.start(shCounter);
    for (const images of ['/proc/criujs', '/proc/criujs/deeper']) {
      const failure = await criujsFails(['dump', '-t', `${target.pid}`, '-D', images]);
      expect(failure).toMatchObject({
        code: 'IMAGES_UNWRITABLE',
        message: expect.stringContaining('its file system cannot'),
      });
    }
    await target.advance(3);
  });

  test('in a current directory that was removed', async ({ place }) => {
    const folder = place.fresh('gone');
    mkdirSync(folder);
    const script = 'cd "$0" && rmdir "$0" && exec "$@"';
    const ended = await run(['sh', '-c', script, folder, process.execPath, bin, 'dump', '-t', '1', '-D', 'images']);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('the current directory was removed') });
  });

  test('the current one: it works, and the shell is told', async ({ place }) => {
    const target = await place.start(shCounter);
    const folder = place.fresh('images');
    mkdirSync(folder);
    const command = ['dump', '-t', `${target.pid}`, '-D', '.', '--leave-running', '--json'];
    const ended = await run([process.execPath, bin, ...command], { cwd: folder });
    const { warnings } = JSON.parse(ended.stdout) as { warnings: string[] };
    expect(warnings).toEqual([expect.stringContaining('`cd .`')]);
    expect(readdirSync(folder)).toContain('inventory.img');
  });
});

describe('an image directory that holds nothing to restore', () => {
  test('it does not exist, is empty, or holds half a dump', async ({ place }) => {
    const images = place.fresh('images');
    expect(await criujsFails(['restore', '-D', images])).toMatchObject({ code: 'IMAGES_INCOMPLETE', exitCode: 5 });
    mkdirSync(images);
    expect(await criujsFails(['restore', '-D', images])).toMatchObject({
      code: 'IMAGES_INCOMPLETE',
      message: expect.stringContaining('no dump'),
    });
    writeFileSync(join(images, 'pages-1.img'), '');
    expect(await criujsFails(['restore', '-D', images])).toMatchObject({
      code: 'IMAGES_INCOMPLETE',
      message: expect.stringContaining('an incomplete dump'),
    });
  });

  test('its inventory is a link or garbage', async ({ place }) => {
    const images = place.fresh('images');
    mkdirSync(images);
    symlinkSync('/etc/hostname', join(images, 'inventory.img'));
    expect(await criujsFails(['restore', '-D', images])).toMatchObject({ code: 'IMAGE_INVALID', exitCode: 5 });
    const others = place.fresh('images');
    mkdirSync(others);
    writeFileSync(join(others, 'inventory.img'), 'no image at all');
    expect(await criujsFails(['restore', '-D', others])).toMatchObject({ code: 'IMAGE_INVALID', exitCode: 5 });
  });
});

describe('a plugin that cannot be had', () => {
  test('it is not there, or is no plugin', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    const dump = ['dump', '-t', `${target.pid}`, '-D', images];
    await unharmed(target, async () => {
      expect(await criujsFails([...dump, '-p', 'criujs-plugin-of-nobody'])).toMatchObject({
        code: 'PLUGIN_NOT_FOUND',
        exitCode: 4,
      });
      writeFileSync(join(target.directory, 'plugin.js'), 'export default 5;');
      expect(await criujsFails([...dump, '-p', join(target.directory, 'plugin.js')])).toMatchObject({
        code: 'PLUGIN_INVALID',
        exitCode: 4,
      });
      expect(existsSync(images)).toBe(false);
    });
  });
});

describe('wrong usage', () => {
  test('exit code 2, and what to do', async ({ place }) => {
    const rows: readonly (readonly [args: string, message: RegExp, remedy?: RegExp])[] = [
      ['dump -t 5', /--images-dir/],
      ['dump -t 5 -D x --leave-runing', /unknown option/, /--leave-running/],
      ['dmp -t 5', /unknown command/, /dump/],
      ['dump -t 5x -D x', /--tree 5x/],
      ['dump -t 0 -D x', /--tree 0/],
      ['dump -t 5 -D x --hook-deadline soon', /--hook-deadline soon/],
      ['dump -t 5 -D x --plugin-option gpu', /--plugin-option gpu/],
      ['restore -D x --config nowhere.ts', /there is no configuration/],
      ['restore -D x surplus', /too many arguments/],
      ['run', /missing required argument/],
    ];
    for (const [args, message, remedy = /.+/] of rows) {
      const failure = await criujsFails(args.split(' '), { cwd: place.directory });
      expect(failure, args).toMatchObject({
        code: 'USAGE',
        exitCode: 2,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      });
    }
  });

  test('no command at all prints the help', async () => {
    const { code, stdout, stderr } = await criujsCommand([]);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('Usage: criujs');
  });
});
