import { openSync, readdirSync } from 'node:fs';
import { dump, EngineError, type ImageStore, restore } from '@criujs/core';
import { definePlugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { processesIn, untilGone } from './harness/processes.ts';
import { cProgram, nodeCounter, type Program, tree } from './harness/programs.ts';
import { isPages, type StreamStore, streamStore } from './harness/stream-store.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// Images that come and go through pipes and sockets: read once, in order, and never waited for where an abort is not heard.

const newPids = !isRoot;
const large = cProgram('counter', { COUNTER_PAGES: '6000' });
const missing = tree.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');
/** Milliseconds in which an abort is heard, with a margin for a busy machine. */
const heardMs = 1000;

async function failure(run: Promise<unknown>): Promise<EngineError> {
  const error = await run.catch((thrown: unknown) => thrown);
  if (error instanceof EngineError) return error;
  throw new Error(`an EngineError was expected, got ${error}`);
}

async function dumped(place: Place, program: Program, store: StreamStore): Promise<Target> {
  const target = await place.start(program);
  await dump({ pid: target.pid, images: store });
  await untilGone(target.pid);
  return target;
}

async function back(place: Place, target: Target, store: StreamStore): Promise<void> {
  const { pid } = await restore({ images: store, detach: true, newPids });
  target.pid = pid;
  place.track(pid);
  await target.advance();
}

describe.skipIf(missing)(missing ?? 'a tree of processes', () => {
  for (const by of ['pipe', 'socket'] as const) {
    test(`goes there and back by a ${by}, the small images first, each opened once`, async ({ place }) => {
      const store = streamStore({ by });
      const target = await dumped(place, tree, store);
      const pages = store.opened.filter(isPages);
      expect(pages.length).toBeGreaterThan(4);
      expect(store.opened.slice(-pages.length - 1)).toEqual(['inventory.img', ...pages]);
      expect(pages.map((name) => store.images.get(name)?.length ?? 0).every((length) => length > 65_536)).toBe(true);
      await back(place, target, store);
      expect(new Set(store.opened).size).toBe(store.opened.length);
      expect(store.opened[0]).toBe('inventory.img');
      expect(store.opened.filter(isPages)).toEqual(pages);
      await target.finish();
      store.close();
    });
  }
});

describe.skipIf(large.missing !== null)(`streams (${large.missing ?? 'in C'})`, () => {
  test('of much memory, with parts of plugins larger than a pipe', async ({ place }) => {
    const store = streamStore();
    const target = await place.start(large);
    const part = Buffer.alloc(3_000_000, 'part');
    const found: boolean[] = [];
    const plugin = definePlugin({
      name: 'keeps',
      hooks: [],
      async init(stage, { image }) {
        if (stage === 'dump') return image.write('large', part);
        for (let time = 0; time < 2; time++) found.push(Buffer.from(await image.read('large')).equals(part));
      },
    });
    await dump({ pid: target.pid, images: store, plugins: [plugin] });
    await untilGone(target.pid);
    expect(store.images.get('pages-1.img')?.length).toBeGreaterThan(6000 * 4096);
    const { pid } = await restore({ images: store, detach: true, newPids, plugins: [plugin] });
    target.pid = pid;
    place.track(pid);
    expect(found).toEqual([true, true]);
    expect(new Set(store.opened).size).toBe(store.opened.length);
    await target.advance();
    await target.finish();
    store.close();
  });

  test('that end too early fail the restore, and nobody is left', async ({ place }) => {
    let cut: string | null = null;
    const store = streamStore({ sent: (name, bytes) => (name === cut ? bytes.subarray(0, bytes.length - 5) : bytes) });
    const target = await dumped(place, large, store);
    const open = readdirSync('/proc/self/fd').length;
    for (const name of ['pages-1.img', `pagemap-${target.pid}.img`, 'pstree.img', 'inventory.img']) {
      cut = name;
      const error = await failure(restore({ images: store, detach: true, newPids }));
      expect(error, name).toMatchObject({ code: 'IMAGE_INVALID', remedy: expect.stringMatching(/./) });
      expect(error.message).toContain(name);
      expect(processesIn(target.directory)).toEqual([]);
    }
    cut = null;
    await back(place, target, store);
    store.close();
    await until('descriptors are closed', () => readdirSync('/proc/self/fd').length <= open);
    await target.finish();
    store.close();
  });

  test('that fall silent do not hold a restore: an abort is heard, a deadline kept, and nobody is left', async ({
    place,
  }) => {
    let silent: string | null = null;
    const store = streamStore({ sent: (name, bytes) => (name === silent ? null : bytes) });
    const target = await dumped(place, large, store);
    for (const name of ['pages-1.img', 'files.img', 'inventory.img']) {
      silent = name;
      const late = await failure(restore({ images: store, detach: true, newPids, hookDeadline: 300 }));
      expect(late, name).toMatchObject({ code: 'HOOK_TIMEOUT', message: expect.stringContaining(name) });
      const controller = new AbortController();
      let abortedAt = 0;
      setTimeout(() => {
        abortedAt = performance.now();
        controller.abort();
      }, 700);
      const error = await failure(restore({ images: store, detach: true, newPids, signal: controller.signal }));
      expect(error, name).toMatchObject({ code: 'ABORTED' });
      expect(performance.now() - abortedAt, name).toBeLessThan(heardMs);
      expect(processesIn(target.directory)).toEqual([]);
    }
    silent = null;
    await back(place, target, store);
    await target.finish();
    store.close();
  });

  test('that take nothing, or break, fail a dump: the target runs on', async ({ place }) => {
    const target = await place.start(large);
    for (const name of ['pages-1.img', `mm-${target.pid}.img`]) {
      const broken = streamStore({ received: (it) => (it === name ? 'close' : 'read') });
      const error = await failure(dump({ pid: target.pid, images: broken }));
      expect(error, name).toMatchObject({ code: 'IMAGES_UNWRITABLE', message: expect.stringContaining(name) });
      broken.close();
      await target.advance(2);
    }
    const full = streamStore({ received: (name) => (isPages(name) ? 'ignore' : 'read') });
    const late = await failure(dump({ pid: target.pid, images: full, hookDeadline: 300 }));
    expect(late).toMatchObject({ code: 'HOOK_TIMEOUT', message: expect.stringContaining('pages-1.img') });
    const controller = new AbortController();
    let abortedAt = 0;
    const onProgress = ({ phase }: { phase: string }): void => {
      if (phase !== 'pages') return;
      setTimeout(() => {
        abortedAt = performance.now();
        controller.abort();
      }, 200);
    };
    const error = await failure(dump({ pid: target.pid, images: full, signal: controller.signal, onProgress }));
    expect(error).toMatchObject({ code: 'ABORTED' });
    expect(performance.now() - abortedAt).toBeLessThan(heardMs);
    expect(full.images.size).toBe(0);
    expect(target.held()).toEqual([]);
    full.close();
    await target.advance();
    await target.finish();
  });

  test('to which a silent reader comes back are waited for, and that is said', async ({ place }) => {
    const target = await place.start(nodeCounter);
    let comeBack = (): void => undefined;
    const reading = new Promise<void>((resolve) => {
      comeBack = resolve;
    });
    const store = streamStore({ received: (name) => (isPages(name) ? reading : 'read') });
    const onLog = ({ message }: { message: string }): void => {
      if (message === 'waiting for the image store: the stream of pages-1.img') comeBack();
    };
    await dump({ pid: target.pid, images: store, onLog });
    await untilGone(target.pid);
    await back(place, target, store);
    store.close();
  });

  test('are no directories and no devices', async ({ place }) => {
    const store = streamStore();
    const target = await dumped(place, large, store);
    for (const path of ['/', '/dev/zero']) {
      const other: ImageStore = {
        async begin(purpose) {
          const transaction = await store.begin(purpose);
          const open: typeof transaction.open = (name, mode) =>
            isPages(name) ? openSync(path, 'r') : transaction.open(name, mode);
          return { ...transaction, open };
        },
      };
      const error = await failure(restore({ images: other, detach: true, newPids }));
      expect(error).toMatchObject({ code: 'IMAGE_INVALID', message: expect.stringContaining('pages-1.img') });
      expect(processesIn(target.directory)).toEqual([]);
    }
    await back(place, target, store);
    await target.finish();
    store.close();
  });
});
