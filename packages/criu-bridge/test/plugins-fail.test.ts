import { existsSync, openSync } from 'node:fs';
import { dump, restore } from '@criujs/core';
import { criu } from '@criujs/criu-bridge';
import { type Context, definePlugin, type HookRegistration, hook, later, type Plugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { criu as bin, criuMissing } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { processesIn, untilGone } from '../../core/test/harness/processes.ts';
import { counter, cProgram, tree } from '../../core/test/harness/programs.ts';
import { until } from '../../core/test/harness/wait.ts';
import { failureOf, unharmed, worker } from './harness/runs.ts';

const missing = criuMissing() ?? counter.missing;
const engine = criu({ bin: bin ?? undefined });

const broken = (registration: HookRegistration): Plugin => definePlugin({ name: 'broken', hooks: [registration] });
const fails = (): never => {
  throw new Error('the device is on fire');
};

type Deed = (args: unknown, context: Context) => void;
const forgets: Deed = (_, { image }) => void image.writeJson('state', {});
const writesLater: Deed = (_, { image }) => {
  setTimeout(() => image.writeJson('state', {}), 300);
};
const before = "answered before image.writeJson('state', …) had ended";
const after = "called image.writeJson('state', …) after it had answered: nothing was written";

describe.skipIf(missing)(missing ?? 'a plugin that fails under CRIU', () => {
  test('in init: nothing of CRIU is even started', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const plugin = definePlugin({ name: 'broken', init: fails, hooks: [] });
    const failure = await failureOf(dump({ pid: target.pid, images, engine, plugins: [plugin] }));
    expect(failure).toMatchObject({ code: 'PLUGIN_INIT_FAILED', plugin: 'broken' });
    expect(worker()).toBe(null);
    expect(existsSync(images)).toBe(false);
    await unharmed(target, images);
  });

  test('at a dump: its own message comes first, and the program runs on', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const plugins = [broken(hook('CHECKPOINT_DEVICES', fails))];
    expect(await failureOf(dump({ pid: target.pid, images, engine, plugins }))).toMatchObject({
      code: 'HOOK_FAILED',
      plugin: 'broken',
      hook: 'CHECKPOINT_DEVICES',
      message: expect.stringMatching(
        /^plugin broken: CHECKPOINT_DEVICES of process \d+ failed: the device is on fire \(at .*plugins-fail\.test\.ts:\d+:9\)$/,
      ),
      thrown: { name: 'Error', at: { file: import.meta.filename, column: 9 } },
    });
    await unharmed(target, images);
  });

  const noDevice =
    cProgram('external').missing ?? (unknownDevice === null ? 'no device that CRIU does not know' : null);
  for (const [what, deed] of [
    [before, forgets],
    [after, writesLater],
  ] as const) {
    test(`at a dump: that it ${what} fails the dump, and the program runs on`, async ({ place }) => {
      const target = await place.start(counter);
      const images = target.images();
      const plugins = [broken(hook('CHECKPOINT_DEVICES', deed))];
      expect(await failureOf(dump({ pid: target.pid, images, engine, plugins }))).toMatchObject({
        code: 'HOOK_FAILED',
        plugin: 'broken',
        hook: 'CHECKPOINT_DEVICES',
        message: `plugin broken: CHECKPOINT_DEVICES of process ${target.pid} ${what}`,
      });
      await unharmed(target, images);
    });

    test.skipIf(noDevice)(
      `at a file that CRIU does not wait for: that it ${what} fails the dump`,
      async ({ place }) => {
        const target = await place.start({ ...cProgram('external'), env: { DEVICE: unknownDevice ?? '' } });
        const images = target.images();
        const plugins = [broken(hook('DUMP_EXT_FILE', deed))];
        expect(await failureOf(dump({ pid: target.pid, images, engine, plugins, dumpOnly: true }))).toMatchObject({
          code: 'HOOK_FAILED',
          plugin: 'broken',
          hook: 'DUMP_EXT_FILE',
          message: expect.stringContaining(what),
        });
        await unharmed(target, images);
      },
    );
  }

  test.skipIf(noDevice)(
    'that takes what nobody could bring back: refused, unless it is a dump only',
    async ({ place }) => {
      const target = await place.start({ ...cProgram('external'), env: { DEVICE: unknownDevice ?? '' } });
      const images = target.images();
      const plugins = [broken(hook('DUMP_EXT_FILE', () => undefined))];
      const options = { pid: target.pid, images, engine, plugins };
      expect(await failureOf(dump(options))).toMatchObject({
        code: 'UNSUPPORTED',
        plugin: 'broken',
        hook: 'RESTORE_EXT_FILE',
        message: expect.stringContaining('no loaded plugin has RESTORE_EXT_FILE'),
      });
      await unharmed(target, images);
      const warning = expect.stringMatching(/plugin broken took file \d+ .* the dump cannot be restored/);
      expect((await dump({ ...options, leaveRunning: true })).warnings).toEqual([warning]);
      await target.advance();
      expect((await dump({ ...options, dumpOnly: true, force: true })).warnings).toEqual([warning]);
      await untilGone(target.pid);
    },
  );

  for (const ends of ['well', 'badly'] as const) {
    test.skipIf(noDevice)(
      `in work that it left for later: awaited before anything runs (it ends ${ends})`,
      async ({ place }) => {
        const target = await place.start({ ...cProgram('external'), env: { DEVICE: unknownDevice ?? '' } });
        const images = target.images();
        const pids = target.pids();
        const notes: string[] = [];
        const work = async (): Promise<void> => {
          // Whoever is restored is there, and stopped: nothing of it has ticked.
          await until('a process is being made', () => processesIn(target.directory).length > 0);
          notes.push(`ends at tick ${target.ticks() - ticks}`);
          if (ends === 'badly') fails();
        };
        const plugin = definePlugin({
          name: 'slow',
          hooks: [
            hook('DUMP_EXT_FILE', () => undefined),
            hook('RESTORE_EXT_FILE', ({ file }) => later(work(), openSync(unknownDevice ?? '', file.flags & 3))),
            hook('RESUME_DEVICES_LATE', () => void notes.push('resume')),
          ],
          exit: () => void notes.push('exit'),
        });
        await dump({ pid: target.pid, images, engine, plugins: [plugin] });
        for (const pid of pids) await untilGone(pid);
        const ticks = target.ticks();
        notes.length = 0;
        const restoring = restore({ images, engine, plugins: [plugin], detach: true });
        const files = 2;
        if (ends === 'well') {
          place.track((await restoring).pid);
          await target.advance();
          expect(notes.slice(0, files)).toEqual(Array(files).fill('ends at tick 0'));
          expect(notes.slice(files)).toEqual([...pids.map(() => 'resume'), 'exit']);
          return;
        }
        expect(await failureOf(restoring)).toMatchObject({
          code: 'HOOK_FAILED',
          plugin: 'slow',
          hook: 'RESTORE_EXT_FILE',
          message: expect.stringContaining('what it left for later failed: the device is on fire'),
        });
        expect(notes).not.toContain('resume');
        for (const pid of pids) await untilGone(pid);
        expect(target.ticks(), 'none of them ran').toBe(ticks);
      },
    );
  }

  test('late in a restore, which CRIU ignores: the error is told, and nothing is left half restored', async ({
    place,
  }) => {
    const target = await place.start(tree);
    const images = target.images();
    const pids = target.pids();
    await dump({ pid: target.pid, images, engine });
    for (const pid of pids) await untilGone(pid);
    const ticks = target.ticks();
    for (const detach of [true, false]) {
      const plugins = [broken(hook('RESUME_DEVICES_LATE', fails))];
      expect(await failureOf(restore({ images, engine, plugins, detach }))).toMatchObject({
        code: 'HOOK_FAILED',
        plugin: 'broken',
        hook: 'RESUME_DEVICES_LATE',
        message: expect.stringContaining('the device is on fire'),
      });
      for (const pid of pids) await untilGone(pid);
    }
    expect(target.ticks(), 'none of them ran').toBe(ticks);
    const back = await restore({ images, engine, detach: true });
    place.track(back.pid);
    await target.advance();
  });

  test('that CRIU never asks is warned of', async ({ place }) => {
    const target = await place.start(counter);
    const plugins = [broken(hook('DUMP_DEVICES_LATE', fails))];
    const { warnings } = await dump({ pid: target.pid, images: target.images(), engine, plugins, leaveRunning: true });
    expect(warnings).toEqual([
      expect.stringMatching(/^CRIU \S+ never calls DUMP_DEVICES_LATE \(since after 4\.2\) of plugin broken$/),
    ]);
  });
});
