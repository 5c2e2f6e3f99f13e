import { closeSync, openSync } from 'node:fs';
import { dump, EngineError, type ImageStore, restore } from '@criujs/core';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { isRoot } from './harness/machine.ts';
import { memoryStore } from './harness/memory-store.ts';
import { test } from './harness/place.ts';
import { runs, untilGone } from './harness/processes.ts';
import { nodeCounter, shCounter } from './harness/programs.ts';
import { until } from './harness/wait.ts';

// What is promised of images that are not in a directory: a claim, nothing seen before the commit, one commit before the tree ends.

const newPids = !isRoot;

const rejection = async (run: Promise<unknown>): Promise<EngineError> => {
  const error = await run.then(
    () => null,
    (it: unknown) => it,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
};

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('images in a store of the caller', () => {
  test('there and back, with the plugins parts beside', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const store = memoryStore();
    const parts: string[] = [];
    const plugin = definePlugin({
      name: 'keeps',
      hooks: [],
      async init(stage, { image }) {
        if (stage === 'dump') return image.writeJson('state', { word: 'kept' });
        parts.push(...(await image.names()), (await image.readJson<{ word: string }>('state')).word);
      },
    });
    await dump({ pid: target.pid, images: store, plugins: [plugin] });
    await untilGone(target.pid);
    expect(store.names()).toEqual(expect.arrayContaining(['inventory.img', 'criujs.keeps.state']));
    expect((await rejection(dump({ pid: process.pid, images: store }))).code).toBe('IMAGES_EXIST');
    const { pid } = await restore({ images: store, plugins: [plugin], detach: true, newPids });
    target.pid = pid;
    place.track(pid);
    expect(parts).toEqual(['state', 'kept']);
    expect(store.claims()).toEqual({ dumps: 0, restores: 0 });
    await target.advance();
    store.close();
  });

  test('nothing is seen before the commit, and the tree stands still until it is answered, however slow', async ({
    place,
  }) => {
    const target = await place.start(shCounter);
    const seen: unknown[] = [];
    const store = memoryStore({
      async before(what) {
        await wait(what === 'commit' ? 700 : 20);
        if (what === 'commit') seen.push(store.names(), runs(target.pid), target.held().length > 0);
      },
    });
    await dump({ pid: target.pid, images: store });
    expect(seen).toEqual([[], true, true]);
    await untilGone(target.pid);
    const { pid } = await restore({ images: store, detach: true, newPids });
    target.pid = pid;
    place.track(pid);
    await target.advance();
    store.close();
  });

  test('of two dumps at once one wins; the other program runs on, and neither is lost', async ({ place }) => {
    for (let round = 0; round < 3; round++) {
      const targets = [await place.start(shCounter), await place.start(shCounter)];
      const store = memoryStore({ before: (what) => (what === 'open' ? wait(5) : undefined) });
      const codes = await Promise.all(
        targets.map(({ pid }) =>
          dump({ pid, images: store }).then(
            () => 'done',
            (error: EngineError) => error.code,
          ),
        ),
      );
      expect(codes.toSorted()).toEqual([expect.stringMatching(/^IMAGES_(BUSY|EXIST)$/), 'done']);
      for (const [at, target] of targets.entries()) {
        if (codes[at] === 'done') await untilGone(target.pid);
        else await target.advance();
      }
      store.close();
    }
  });

  test('a store that fails fails the dump: it holds what it held, and the target runs on', async ({ place }) => {
    const target = await place.start(shCounter);
    let failing: string | null = null;
    let opened = 0;
    const store = memoryStore({
      before(what) {
        if (what === 'open') opened += 1;
        if (what === failing && (what !== 'open' || opened > 3))
          throw Object.assign(new Error('quota'), { code: 'EDQUOT' });
      },
    });
    await dump({ pid: target.pid, images: store, leaveRunning: true });
    const before = store.names();
    for (const what of ['begin', 'open', 'commit']) {
      [failing, opened] = [what, 0];
      for (const leaveRunning of [true, false]) {
        const run = dump({ pid: target.pid, images: store, force: true, leaveRunning });
        expect((await rejection(run)).code, what).toBe('IMAGES_FULL');
        expect(store.names()).toEqual(before);
        expect(store.claims()).toEqual({ dumps: 0, restores: 0 });
        await target.advance(3);
        expect(target.held()).toEqual([]);
      }
    }
    store.close();
  });

  test('a commit that does not answer is given up, by the deadline or an abort', async ({ place }) => {
    const target = await place.start(shCounter);
    let hangs = true;
    let answer = (): void => undefined;
    const store = memoryStore({
      before: (what) => (what === 'commit' && hangs ? new Promise((done) => (answer = done)) : undefined),
    });
    const late = await rejection(dump({ pid: target.pid, images: store, hookDeadline: 300 }));
    expect(late).toMatchObject({ code: 'HOOK_TIMEOUT', message: expect.stringContaining('the image store') });
    answer();
    const controller = new AbortController();
    const onProgress = ({ phase }: { phase: string }): void =>
      void (phase === 'commit' && setTimeout(() => controller.abort(), 100));
    const aborted = await rejection(dump({ pid: target.pid, images: store, signal: controller.signal, onProgress }));
    expect(aborted.code).toBe('ABORTED');
    answer();
    await until('the claim ends', () => store.claims().dumps === 0);
    expect(store.names()).toEqual([]);
    await target.advance();
    expect(target.held()).toEqual([]);
    hangs = false;
    await dump({ pid: target.pid, images: store });
    store.close();
  });

  test('a store that hangs at begin or abort does not make the run hang', async ({ place }) => {
    const target = await place.start(shCounter);
    const hang = (): Promise<never> => new Promise(() => undefined);
    const controller = new AbortController();
    const beginning = dump({ pid: target.pid, images: { begin: hang }, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    expect((await rejection(beginning)).code).toBe('ABORTED');
    const run = dump({ pid: target.pid, images: { begin: hang }, hookDeadline: 200 });
    expect((await rejection(run)).code).toBe('HOOK_TIMEOUT');
    const full: ImageStore = {
      begin: () => ({
        open: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
        commit: hang,
        abort: hang,
      }),
    };
    expect((await rejection(dump({ pid: target.pid, images: full, hookDeadline: 200 }))).code).toBe('IMAGES_FULL');
    await target.advance();
  });

  test('what is no store, and a restore of nothing', async () => {
    const nonsense = { begin: () => ({ open: () => 0 }) } as unknown as ImageStore;
    expect((await rejection(restore({ images: nonsense }))).code).toBe('BAD_OPTION');
    const store = memoryStore();
    expect((await rejection(restore({ images: store }))).code).toBe('IMAGES_INCOMPLETE');
    expect(store.claims()).toEqual({ dumps: 0, restores: 0 });
  });

  test('after the commit no part is written any more', async ({ place }) => {
    const target = await place.start(shCounter);
    const store = memoryStore();
    const plugin = definePlugin({
      name: 'late',
      hooks: [hook('PAUSE_DEVICES', () => closeSync(openSync('/dev/null', 'r')))],
      exit: async (_stage, _outcome, { image }) => image.write('last', Buffer.from('words')),
    });
    const { warnings } = await dump({ pid: target.pid, images: store, plugins: [plugin] });
    expect(warnings.join()).toContain('the store has committed the dump');
    expect(store.names()).not.toContain('criujs.late.last');
    store.close();
  });
});
