import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dump, EngineError, plan, restore } from '@criujs/core';
import { describe, expect } from 'vitest';
import { bin } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { processesIn, untilGone } from './harness/processes.ts';
import { shCounter, threads } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

const missing = threads.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');
const large = { env: { THREADS: '200' } };

/** Runs with an abort when a phase begins; gives the phases that it went through, and what it failed with. */
async function abortedIn(
  phase: string,
  run: (how: { signal: AbortSignal; onProgress(progress: { phase: string }): void }) => Promise<unknown>,
): Promise<{ phases: string[]; error: unknown }> {
  const controller = new AbortController();
  const phases: string[] = [];
  const onProgress = (progress: { phase: string }): void => {
    phases.push(progress.phase);
    if (progress.phase === phase) controller.abort();
  };
  const error = await run({ signal: controller.signal, onProgress }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { phases, error };
}

describe.skipIf(missing)(missing ?? 'an abort', () => {
  test('in any phase of a dump of many threads ends it there, and they run on', async ({ place }) => {
    const target = await place.start(threads, large);
    const who = target.identities();
    const images = target.images();
    for (const phase of ['survey', 'freeze', 'collect', 'infect', 'pages', 'write']) {
      const { phases, error } = await abortedIn(phase, (how) =>
        dump({ pid: target.pid, images, leaveRunning: true, ...how }),
      );
      // Heard late on a busy machine, and never much later.
      if (error === null) rmSync(images, { recursive: true });
      else expect(error, phase).toMatchObject({ code: 'ABORTED' });
      expect(existsSync(images), `${phases}`).toBe(false);
      expect(target.held(), phase).toEqual([]);
      expect(target.identities(), phase).toEqual(who);
      await target.advance(1);
    }
    await target.finish();
  });

  test('in any phase of a restore of many threads ends it there, and nobody is left', async ({ place }) => {
    const target = await place.start(threads, large);
    const images = target.images();
    const end = async (): Promise<void> => {
      rmSync(images, { recursive: true, force: true });
      await dump({ pid: target.pid, images });
      await untilGone(target.pid);
    };
    await end();
    for (const phase of ['read', 'open', 'fork', 'build', 'resume']) {
      const { phases, error } = await abortedIn(phase, (how) => restore({ images, detach: true, ...how }));
      if (error === null) {
        place.track(target.pid);
        await target.advance(1);
        await end();
        continue;
      }
      expect(error, phase).toMatchObject({ code: 'ABORTED' });
      expect(processesIn(target.directory), `${phases}`).toEqual([]);
    }
    place.track((await restore({ images, detach: true })).pid);
    await target.advance();
    await target.finish();
  });

  test('of a plan is heard in the middle of its survey', async ({ place }) => {
    const target = await place.start(threads, large);
    const controller = new AbortController();
    let turns = 0;
    const timer = setInterval(() => {
      turns++;
      controller.abort();
    }, 1);
    const error = await plan({ pid: target.pid, signal: controller.signal }).catch((thrown: unknown) => thrown);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code: 'ABORTED' });
    await target.finish();
  });
});

/** Runs a dump with a plugin of this source, and sends SIGINT once it has said what it waits for. */
async function interrupt(place: Place, target: Target, source: string, says: string): Promise<string> {
  const plugin = place.fresh('plugin.mjs');
  const file = `${plugin}.mjs`;
  writeFileSync(file, source);
  const args = [bin, 'dump', '-t', `${target.pid}`, '-D', target.images(), '-p', file, '--hook-deadline', '300000'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(`it says: ${says}`, () => said.includes(says));
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code, said).toBe(130);
  return said;
}

describe('what a run waits for is said, and a signal ends the wait', () => {
  test('for a plugin that does not come to the end of its module', async ({ place }) => {
    const target = await place.start(shCounter);
    const source = 'setInterval(() => undefined, 1000); await new Promise(() => undefined); export default {};';
    await interrupt(place, target, source, 'waiting for loading the plugins');
    await target.advance();
    expect(target.held()).toEqual([]);
  });

  test('for a hook that does not answer', async ({ place }) => {
    const target = await place.start(shCounter);
    const source = `export default {
      [Symbol.for('@criujs/plugin')]: true,
      apiVersion: 1,
      name: 'slow',
      hooks: [{ hook: 'CHECKPOINT_DEVICES', handler: () => new Promise(() => setInterval(() => undefined, 1000)) }],
    };`;
    const said = await interrupt(place, target, source, 'waiting for plugin slow: CHECKPOINT_DEVICES');
    expect(said).toContain(`for process ${target.pid}`);
    await target.advance();
    expect(target.held()).toEqual([]);
  });
});
