import { chownSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, EngineError, restore } from '@criujs/core';
import { type CoreEntry, decodeImage, encodeImage } from '@criujs/images';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { nobody } from './harness/command.ts';
import { bin, criujs, criujsFails } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { signalAt } from './harness/killer.ts';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { processesIn, untilGone } from './harness/processes.ts';
import { threads } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// Restores that fail when threads are made: the end of a main thread is reported when all other threads are reaped, and not before.

const missing = threads.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');
const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

/** Ends the target with a dump, and gives the images. */
async function dumped(target: Target): Promise<string> {
  const images = target.images();
  await dump({ pid: target.pid, images });
  await untilGone(target.pid);
  return images;
}

/** Nobody of what was made is left, and the same images restore well afterwards. */
async function expectNothingLeft(place: Place, target: Target, images: string): Promise<void> {
  expect(processesIn(target.directory)).toEqual([]);
  place.track(await criujs.restore(images));
  await target.advance();
  await target.finish();
}

async function failure(run: Promise<unknown>): Promise<EngineError> {
  const error = await run.catch((thrown: unknown) => thrown);
  if (error instanceof EngineError) return error;
  throw new Error(`an EngineError was expected, got ${error}`);
}

describe.skipIf(missing)(missing ?? 'a restore of threads that fails', () => {
  test('because a limit of an ordinary user is reached says which, and leaves nobody behind', async ({ place }) => {
    const bin = await installedFor(place, { asNobody: true });
    const target = await place.start(threads, { asNobody: true });
    const plugin = join(target.directory, 'limits.mjs');
    writeFileSync(plugin, limitingPlugin);
    chownSync(plugin, nobody, nobody);
    const images = target.images();
    await criujs.dump(target.pid, images, {}, { asNobody: true, bin });
    await untilGone(target.pid);
    const args = ['restore', '-D', images, '--detach', '--new-pids', '--plugin', plugin];
    const failed = await criujsFails(args, { asNobody: true, bin });
    expect(failed).toMatchObject({ code: 'KERNEL', exitCode: 1, remedy: expect.stringContaining('ulimit -u') });
    await expectNothingLeft(place, target, images);
  });

  test('because a plugin throws when everything is made leaves nobody behind', async ({ place }) => {
    const target = await place.start(threads);
    const images = await dumped(target);
    const plugin = definePlugin({
      name: 'throws',
      hooks: [
        hook('RESUME_DEVICES_LATE', () => {
          throw new Error('on purpose');
        }),
      ],
    });
    const error = await failure(restore({ images, detach: true, plugins: [plugin] }));
    expect(error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'throws', hook: 'RESUME_DEVICES_LATE' });
    await expectNothingLeft(place, target, images);
  });

  test('because of an abort when everything is made leaves nobody behind', async ({ place }) => {
    const target = await place.start(threads);
    const images = await dumped(target);
    const controller = new AbortController();
    const plugin = definePlugin({
      name: 'aborts',
      hooks: [hook('RESUME_DEVICES_LATE', () => controller.abort())],
    });
    const error = await failure(restore({ images, detach: true, plugins: [plugin], signal: controller.signal }));
    expect(error.code).toBe('ABORTED');
    await expectNothingLeft(place, target, images);
  });

  for (const [name, number] of Object.entries(signalNumbers)) {
    test(`because of ${name} while threads are made ends with ${128 + number}, and leaves nobody behind`, async ({
      place,
    }) => {
      const target = await place.start(threads, { env: { THREADS: '60' } });
      const images = await dumped(target);
      const command = [process.execPath, bin, 'restore', '-D', images, '--detach'];
      const aborted: string[] = [];
      for (let round = 0; round < 6; round++) {
        const { code, during } = await signalAt('build', round * 3000, [number], command);
        if (code === 0) {
          // Too late: it is restored, and dumped again for the next round.
          place.track(target.pid);
          await target.advance(1);
          rmSync(images, { recursive: true });
          await dump({ pid: target.pid, images });
          await untilGone(target.pid);
          continue;
        }
        expect(code, during).toBe(128 + number);
        expect(processesIn(target.directory), during).toEqual([]);
        aborted.push(during);
      }
      expect(aborted).toContain('build');
      await expectNothingLeft(place, target, images);
    });
  }

  for (const [what, damage] of Object.entries(damages())) {
    test(`because an image has ${what} leaves nobody behind`, async ({ place }) => {
      const target = await place.start(threads);
      const images = await dumped(target);
      const spoiled = target.images();
      cpSync(images, spoiled, { recursive: true });
      spoil(spoiled, target.pid, damage);
      const error = await failure(restore({ images: spoiled, detach: true }));
      expect(error.code).not.toBe('INTERNAL');
      await expectNothingLeft(place, target, images);
    });
  }
});

/** What the kernel refuses only of a thread that is there. */
function damages(): Record<string, (core: CoreEntry) => void> {
  return {
    'registers of the kernel’s own mode': (core) => {
      if (core.threadInfo?.gpregs !== undefined) core.threadInfo.gpregs.cs = 0x10n;
    },
    'a thread-local base that is no address': (core) => {
      if (core.threadInfo?.gpregs !== undefined) core.threadInfo.gpregs.fsBase = 0x8000_0000_0000_0000n;
    },
  };
}

/** Damages the last thread's image. */
function spoil(images: string, pid: number, damage: (core: CoreEntry) => void): void {
  const cores = readdirSync(images)
    .map((name) => Number(/^core-(\d+)\.img$/.exec(name)?.[1]))
    .filter((tid) => tid > 0 && tid !== pid);
  const file = join(images, `core-${Math.max(...cores)}.img`);
  const records = decodeImage('CORE', readFileSync(file));
  for (const { message } of records) damage(message);
  writeFileSync(file, encodeImage('CORE', records));
}

/** Allows the process that is being made no thread more. It imports nothing: any user can load it. */
const limitingPlugin = `
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

function childrenOf(pid) {
  const files = readdirSync(\`/proc/\${pid}/task\`).map((tid) => \`/proc/\${pid}/task/\${tid}/children\`);
  return files.flatMap((file) => readFileSync(file, 'utf8').split(' ').filter(Boolean));
}

export default {
  [Symbol.for('@criujs/plugin')]: true,
  apiVersion: 1,
  name: 'limits',
  hooks: [{ hook: 'POST_FORKING', handler: () => {
    const made = childrenOf(process.pid).flatMap(childrenOf);
    for (const pid of made) execFileSync('prlimit', ['--pid', pid, '--nproc=1:1']);
  } }],
};`;
