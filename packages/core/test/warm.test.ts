import { readdirSync } from 'node:fs';
import { dump, type EngineError, restore } from '@criujs/core';
import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { isRoot, root } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { counter, threads } from './harness/programs.ts';
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

  test('two at a time have a thread each', async ({ place }) => {
    const targets = [await place.start(counter), await place.start(threads)];
    for (let times = 0; times < 2; times++) {
      const runs = targets.map((it) => dump({ pid: it.pid, images: it.images(), leaveRunning: true, force: true }));
      expect((await Promise.all(runs)).map(({ pid }) => pid)).toEqual(targets.map(({ pid }) => pid));
    }
    for (const target of targets) {
      await target.advance();
      await target.finish();
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
