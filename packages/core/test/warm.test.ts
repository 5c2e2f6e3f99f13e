import { readdirSync } from 'node:fs';
import { check, dump, type EngineError, restore } from '@criujs/core';
import { definePlugin, hook, type Plugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { isRoot, root } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { counter, threads } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// Runs of one process: the engine's thread stays for the next, and nothing of a run stays in it.

/** Threads of this process, by their ids. */
const ownThreads = (): string => readdirSync('/proc/self/task').sort().join();

describe.skipIf(counter.missing !== null)('runs one after the other in one process', () => {
  test('use the same thread, also after a restore; one that failed is replaced', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const again = { pid: target.pid, images, leaveRunning: true, force: true };
    // Node's own threads have begun after that.
    for (let times = 0; times < 2; times++) await dump(again);
    const before = ownThreads();
    for (let times = 0; times < 3; times++) {
      await dump(again);
      await target.advance();
    }
    expect(ownThreads()).toBe(before);

    const failed = await dump({ ...again, pid: 4_194_303 }).catch((error: EngineError) => error.code);
    expect(failed).toBe('NO_SUCH_PROCESS');
    await dump(again);
    const replaced = ownThreads();
    expect(replaced, 'what is left of a run that failed may be anything').not.toBe(before);

    await dump({ ...again, leaveRunning: false });
    await untilGone(target.pid);
    const { pid } = await restore({ images, detach: true, newPids: !isRoot });
    place.track(pid);
    await target.advance();
    expect(ownThreads()).toBe(replaced);
    await target.finish();
  });

  test('a restored root that is a child of this process takes its thread along, and is waited for', async ({
    place,
  }) => {
    const [first, other] = [await place.start(counter), await place.start(threads)];
    const images = first.images();
    await dump({ pid: first.pid, images });
    await untilGone(first.pid);
    const { pid, exited } = await restore({ images, newPids: !isRoot });
    place.track(pid);
    await first.advance();
    const others = other.images();
    for (const force of [false, true]) await dump({ pid: other.pid, images: others, leaveRunning: true, force });
    await other.advance();
    await first.finish();
    expect(await exited).toEqual({ code: 0 });
    await dump({ pid: other.pid, images: others, leaveRunning: true, force: true });
    await other.finish();
  });

  test('take turns when they are asked for at once; one that waits may be aborted, and is not begun', async ({
    place,
  }) => {
    const targets = [await place.start(counter), await place.start(threads), await place.start(counter)];
    const order: string[] = [];
    const stop = new AbortController();
    const dumpOf = (target: Target, name: string, signal?: AbortSignal): Promise<unknown> => {
      const onProgress = ({ phase }: { phase: string }): void => void order.push(`${name} ${phase}`);
      return dump({ pid: target.pid, images: target.images(), leaveRunning: true, onProgress, signal });
    };
    const [first, second, third] = targets as [Target, Target, Target];
    const runs = [dumpOf(first, 'first'), dumpOf(second, 'second', stop.signal), dumpOf(third, 'third')];
    const aborted = expect(runs[1]).rejects.toMatchObject({ code: 'ABORTED' });
    await until('the first is begun', () => order.length > 0);
    stop.abort();
    await aborted;
    await Promise.all([runs[0], runs[2]]);
    const names = order.map((it) => it.split(' ')[0]);
    expect(names).toEqual([...names].sort());
    expect(new Set(names)).toEqual(new Set(['first', 'third']));
    for (const target of targets) {
      await target.advance();
      await target.finish();
    }
  });

  test('are refused to a plugin while it is asked, and the target runs on; a plugin may start one later', async ({
    place,
  }) => {
    const [target, other] = [await place.start(counter), await place.start(counter)];
    const later: Promise<unknown>[] = [];
    const dumpOther = (): Promise<unknown> => dump({ pid: other.pid, images: other.images(), leaveRunning: true });
    const nested = (call: () => Promise<unknown>): Plugin =>
      definePlugin({ name: 'nested', hooks: [hook('CHECKPOINT_DEVICES', async () => void (await call()))] });
    for (const [what, call] of [
      ['dump()', dumpOther],
      ['check()', () => check()],
    ] as const) {
      const failed = dump({ pid: target.pid, images: target.images(), leaveRunning: true, plugins: [nested(call)] });
      const message = expect.stringContaining(`CHECKPOINT_DEVICES called ${what} while the run waits for its answer`);
      await expect(failed).rejects.toMatchObject({ plugin: 'nested', message });
      expect(target.held()).toEqual([]);
      await target.advance();
    }
    const patient = definePlugin({
      name: 'patient',
      hooks: [
        hook('CHECKPOINT_DEVICES', () => {
          setTimeout(() => later.push(dumpOther()), 1);
        }),
      ],
    });
    await dump({ pid: target.pid, images: target.images(), leaveRunning: true, plugins: [patient] });
    await until('the other run was started', () => later.length === 1);
    await later[0];
    for (const it of [target, other]) {
      await it.advance();
      await it.finish();
    }
  });

  test('a script ends although its thread is warm', async ({ place }) => {
    const target = await place.start(counter);
    const script = `
      const { dump } = await import(${JSON.stringify(`${root}/packages/core/dist/index.js`)});
      for (const force of [false, true])
        await dump({ pid: ${target.pid}, images: ${JSON.stringify(target.images())}, leaveRunning: true, force });
      process.stdout.write('done');
    `;
    const ended = await run([process.execPath, '--input-type=module', '-e', script]);
    expect(ended).toMatchObject({ code: 0, stdout: 'done', stderr: '' });
    await until('nobody holds it', () => target.held().length === 0);
    await target.advance();
    await target.finish();
  });
});
