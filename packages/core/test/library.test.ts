import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, dump, EngineError, plan, restore } from '@criujs/core';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { isRoot, root } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { runs, untilGone } from './harness/processes.ts';
import { nodeCounter, shCounter } from './harness/programs.ts';
import { until } from './harness/wait.ts';

// The engine as a library: typed results, typed errors, abort, and a main thread that a plugin blocks.

const newPids = !isRoot;

const rejection = async (run: Promise<unknown>): Promise<EngineError> => {
  const error = await run.then(
    () => null,
    (it: unknown) => it,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
};

/** The example, as somebody would type it into a file of a project that has the packages. */
function example(directory: string): string {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, 'packages/core/README.md'), 'utf8')) ?? [];
  // Inside the repository, so that the packages are found.
  const file = join(root, 'packages/core', `.example-${process.pid}-${directory.split('-').at(-1)}.mjs`);
  writeFileSync(file, code);
  return file;
}

describe('as a library', () => {
  test('dumps what it has restored, again and again, while it waits for its end', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    await dump({ pid: target.pid, images });
    await untilGone(target.pid);
    const { pid, exited } = await restore({ images, newPids });
    place.track(pid);
    target.pid = pid;
    for (let round = 0; round < 20; round++) {
      await dump({ pid, images: place.fresh(`again-${round}`), leaveRunning: true });
      expect(target.held()).toEqual([]);
    }
    process.kill(pid, 'SIGTERM');
    expect(await exited).toEqual({ signal: 15 });
  });

  // A process with much memory takes a while to end, and nobody may take that end from Node meanwhile: it would wait for the old
  // child for ever, and take the stops of a restored one with its pid.
  test.skipIf(!isRoot)('leaves the end of a child to Node, whose pid is free then', async ({ place }) => {
    const large = "import time\nmemory = b'x' * (96 << 20)\nwhile True: time.sleep(0.05)";
    const child = spawn('python3', ['-c', large], { detached: true, stdio: 'ignore' });
    const pid = child.pid as number;
    place.track(pid);
    const ended = once(child, 'exit');
    await until(
      'it has its memory',
      () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) > 96 << 10,
    );
    const images = place.fresh('images');
    await dump({ pid, images });
    expect(await ended).toEqual([null, 'SIGKILL']);

    const restored = await restore({ images });
    expect(restored.pid).toBe(pid);
    await dump({ pid, images: place.fresh('again') });
    expect(await restored.exited).toEqual({ signal: 9 });
  });

  test('the example of the README works', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const file = example(place.directory);
    try {
      const child = spawn(process.execPath, [file, `${target.pid}`, place.fresh('images')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
      const ended = once(child, 'exit');
      await until('it is restored', () => /is (\d+) now/.exec(said));
      expect(said).toMatch(/saved [12] processes, \d+ bytes/);
      const now = Number(/is (\d+) now/.exec(said)?.[1]);
      place.track(now);
      target.pid = now;
      process.kill(now, 'SIGTERM');
      await ended;
      expect(said).toContain('it ended with signal 15');
    } finally {
      rmSync(file);
    }
  });

  test('dump tells its phases, and its result has numbers that fit', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const phases: string[] = [];
    const images = place.fresh('images');
    const result = await dump({
      pid: target.pid,
      images,
      leaveRunning: true,
      onProgress: ({ phase }) => phases.push(phase),
    });
    expect(phases.length).toBeGreaterThan(3);
    expect(result).toMatchObject({ pid: target.pid, processes: 1, plugins: [], warnings: [] });
    expect(result.threads).toBeGreaterThan(4);
    expect(result.bytes).toBe(
      readdirSync(images)
        .filter((it) => it.startsWith('pages-'))
        .reduce((sum, it) => sum + readFileSync(join(images, it)).length, 0),
    );
    await target.advance();
  });

  test('check and plan answer without touching anything', async ({ place }) => {
    const target = await place.start(shCounter);
    expect((await check()).dump).toBe(true);
    const { possible, rows } = await plan({ pid: target.pid });
    expect(possible).toBe(true);
    expect(rows.length).toBeGreaterThan(2);
    expect(target.held()).toEqual([]);
  });

  test('options that make no sense are refused before anything starts', async ({ place }) => {
    const images = place.fresh('images');
    expect((await rejection(dump({ pid: -1, images }))).code).toBe('BAD_OPTION');
    expect((await rejection(dump({ pid: 1.5, images }))).code).toBe('BAD_OPTION');
    expect((await rejection(dump({ pid: 1, images: '' }))).code).toBe('BAD_OPTION');
    expect((await rejection(dump({ pid: 1, images, hookDeadline: 0 }))).code).toBe('BAD_OPTION');
    expect((await rejection(restore({ images: {} as never }))).code).toBe('BAD_OPTION');
    expect(existsSync(images)).toBe(false);
  });

  test('a root that stays our child is waited for; a relative directory is meant from cwd', async ({ place }) => {
    const target = await place.start(nodeCounter);
    await dump({ pid: target.pid, images: 'here', cwd: place.directory });
    expect(existsSync(join(place.directory, 'here', 'inventory.img'))).toBe(true);
    await untilGone(target.pid);
    const { pid, pids, exited } = await restore({ images: 'here', cwd: place.directory, newPids });
    expect(pids.get(target.pid)).toBe(pid);
    target.pid = pid;
    place.track(pid);
    await target.advance();
    process.kill(pid, 'SIGKILL');
    expect(await exited).toEqual({ signal: 9 });
    expect(runs(pid)).toBe(false);
  });
});

describe('abort', () => {
  test('before it begins', async ({ place }) => {
    const target = await place.start(shCounter);
    const images = place.fresh('images');
    expect((await rejection(dump({ pid: target.pid, images, signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    expect(existsSync(images)).toBe(false);
  });

  test.for(['survey', 'freeze', 'collect', 'pages', 'write'])(
    'in the phase %s: the target runs on, and no image is left',
    async (phase, { place }) => {
      const target = await place.start(nodeCounter);
      const images = place.fresh('images');
      const controller = new AbortController();
      const onProgress = (progress: { phase: string }): void => {
        if (progress.phase === phase) controller.abort();
      };
      const ended = await dump({
        pid: target.pid,
        images,
        leaveRunning: true,
        signal: controller.signal,
        onProgress,
      }).catch((error: unknown) => error);
      // A late phase may be over before the abort arrives: then the dump is whole.
      if (ended instanceof EngineError) {
        expect(ended.code).toBe('ABORTED');
        expect(existsSync(images)).toBe(false);
      } else {
        expect(existsSync(join(images, 'inventory.img'))).toBe(true);
      }
      await target.advance();
      expect(target.held()).toEqual([]);
    },
  );

  test('while a plugin is asked: its exit is told why', async ({ place }) => {
    const target = await place.start(shCounter);
    const controller = new AbortController();
    const outcomes: unknown[] = [];
    const plugin = definePlugin({
      name: 'waits',
      hooks: [
        hook('CHECKPOINT_DEVICES', () => {
          controller.abort();
          return new Promise<void>(() => {});
        }),
      ],
      exit: (_, outcome) => void outcomes.push(outcome.ok ? 'ok' : outcome.error.code),
    });
    const error = await rejection(
      dump({ pid: target.pid, images: place.fresh('images'), plugins: [plugin], signal: controller.signal }),
    );
    expect(error.code).toBe('ABORTED');
    expect(outcomes).toEqual(['ABORTED']);
    await target.advance();
    expect(target.held()).toEqual([]);
  });
});

describe('a plugin that blocks the main thread', () => {
  const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  test('and comes back: the target is freed at the deadline, and the error is thrown when it does', async ({
    place,
  }) => {
    const target = await place.start(shCounter);
    let blockedUntil = 0;
    const plugin = definePlugin({
      name: 'slow',
      hooks: [
        hook('CHECKPOINT_DEVICES', () => {
          block(2500);
          blockedUntil = performance.now();
        }),
      ],
    });
    const error = await rejection(
      dump({ pid: target.pid, images: place.fresh('images'), plugins: [plugin], hookDeadline: 300 }),
    );
    expect(error).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'slow', hook: 'CHECKPOINT_DEVICES' });
    expect(blockedUntil).toBeGreaterThan(0);
    await target.advance();
    expect(target.held()).toEqual([]);
  });

  test.for(['CHECKPOINT_DEVICES', 'init', 'exit', 'load'])(
    'for good, in %s: the process ends with code 4, says why, and the target runs on',
    async (where, { place }) => {
      const target = await place.start(shCounter);
      const images = place.fresh('images');
      const plugin = join(target.directory, 'loops.mjs');
      writeFileSync(
        plugin,
        `const at = (place) => { if (place === ${JSON.stringify(where)}) for (;;); };
       at('load');
       export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: 'loops', init: () => at('init'), exit: () => at('exit'),
         hooks: [{ hook: 'CHECKPOINT_DEVICES', handler: () => at('CHECKPOINT_DEVICES') }] };`,
      );
      const args = [
        'dump',
        '-t',
        `${target.pid}`,
        '-D',
        images,
        '-R',
        '-p',
        plugin,
        '--hook-deadline',
        '300',
        '--json',
      ];
      const child = spawn(process.execPath, [join(root, 'packages/cli/bin/criujs.js'), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text) => (said.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text) => (said.stderr += text));
      const [code] = await once(child, 'close');
      expect(code, said.stderr).toBe(4);
      expect(JSON.parse(said.stdout)).toMatchObject({ ok: false, error: { code: 'HOOK_TIMEOUT' } });
      expect(said.stderr).toContain('blocks the main thread');
      // Where only exit hangs the dump is whole.
      expect(existsSync(join(images, 'inventory.img'))).toBe(where === 'exit');
      await target.advance();
      expect(target.held()).toEqual([]);
    },
  );
});

test('a plugin that ends Node itself: the process dies by the signal as it would have, and says who was called last', async ({
  place,
}) => {
  const target = await place.start(shCounter);
  const images = place.fresh('images');
  const plugin = fileURLToPath(new URL('plugins/misbehaving.ts', import.meta.url));
  const options = JSON.stringify({ pid: target.pid, images, plugins: [plugin] });
  const code = `import('@criujs/core').then(({ dump }) => dump(${options}))`;
  const ended = await run([process.execPath, '-e', code], {
    cwd: join(root, 'packages/core'),
    env: { CRIUJS_TEST_MISBEHAVE: 'PAUSE_DEVICES:closesLoop' },
  });
  expect(ended).toMatchObject({ signal: 'SIGABRT', stdout: '' });
  expect(ended.stderr).toContain(
    'SIGABRT ended the process. Plugin test-misbehaving was called last: PAUSE_DEVICES of',
  );
  await until('the kernel has let it go', () => target.held().length === 0);
  await target.advance();
  expect(existsSync(join(images, 'inventory.img'))).toBe(false);
});

test('no descriptor of a run is left open in the process of the caller', async ({ place }) => {
  const target = await place.start(shCounter);
  const open = (): string[] => readdirSync('/proc/self/fd').sort();
  const warm = openSync('/dev/null', 'r');
  closeSync(warm);
  const plugins = [definePlugin({ name: 'idle', hooks: [] })];
  await dump({ pid: target.pid, images: place.fresh('images'), leaveRunning: true });
  const before = open().length;
  for (let turn = 0; turn < 3; turn++)
    await dump({ pid: target.pid, images: place.fresh('images'), leaveRunning: true, plugins });
  await until('descriptors are closed', () => open().length <= before);
});
