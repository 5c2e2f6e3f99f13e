import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import inspector from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ImageStore } from '../images/image-store.ts';
import type { DumpJob, Engine } from '../interface/engine.ts';
import { dumpBy, restoreBy } from './runs.ts';

let directory: string;
/** What the store was told. */
let told: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'criujs-runs-'));
  told = [];
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Images as files, which tells what it is asked for. */
function store(): ImageStore {
  return {
    begin: ({ stage }) => {
      told.push(stage);
      return {
        open: (name, mode) => openSync(join(directory, name), mode === 'write' ? 'w' : 'r'),
        commit: () => void told.push('commit'),
        abort: () => void told.push('abort'),
      };
    },
  };
}

const dumped = { processes: 1, threads: 1, bytes: 0, frozenMs: 0, plugins: [] };

/** An engine that does what a test says; it refuses all else. */
function engineOf(does: Partial<Engine>): Engine {
  const refuse = async (): Promise<never> => {
    throw new Error('never');
  };
  return { name: 'pretend', dump: refuse, restore: refuse, check: refuse, plan: (row) => row, ...does };
}

async function writeInventory({ images }: DumpJob): Promise<void> {
  const fd = await images.open('inventory.img', 'write');
  writeSync(fd as number, 'whole');
  closeSync(fd as number);
  await images.commit();
  images.mark.markCommitted(true);
}

test('an engine gets a store as it is, and its warnings are in the result once', async () => {
  const life: string[] = [];
  const plugin = definePlugin({
    name: 'gpu',
    init: (stage) => void life.push(stage),
    exit: () => void life.push('exit'),
    hooks: [],
  });
  const logged: string[] = [];
  const engine = engineOf({
    async dump(job) {
      expect(job).toMatchObject({ pid: 7, leaveRunning: false, dumpOnly: false, hookDeadlineMs: 300 });
      expect(job.images.place).toBe('store');
      expect(life, 'the engine says when plugins start').toEqual([]);
      expect((await job.plugins.start())?.plugins).toMatchObject([{ name: 'gpu' }]);
      job.warn('a locked file');
      await writeInventory(job);
      const warnings = await job.plugins.finish({ ok: true });
      return { ...dumped, warnings: ['a locked file', 'told before', ...warnings] };
    },
  });
  const onLog = ({ message }: { message: string }): void => void logged.push(message);
  const options = { pid: 7, images: store(), plugins: [plugin], hookDeadline: 300, onLog };
  const result = await dumpBy(engine, options);
  const warnings = ['a locked file', 'told before'];
  expect(result).toEqual({ ...dumped, pid: 7, totalMs: expect.any(Number), warnings });
  expect(logged).toEqual(['a locked file']);
  expect(life).toEqual(['dump', 'exit']);
  expect(told).toEqual(['dump', 'commit']);
  expect(readFileSync(join(directory, 'inventory.img'), 'utf8')).toBe('whole');
});

test('an engine that fails leaves a store without a commit, and its error is one of the family', async () => {
  const engine = engineOf({});
  await expect(dumpBy(engine, { pid: 7, images: store() })).rejects.toMatchObject({
    name: 'EngineError',
    code: 'INTERNAL',
    message: 'never',
  });
  expect(told).toEqual(['dump', 'abort']);
});

test('an engine that keeps images in folders only is never asked with a store, nor is the store', async () => {
  const engine = engineOf({ foldersOnly: true });
  for (const run of [dumpBy(engine, { pid: 7, images: store() }), restoreBy(engine, { images: store() })]) {
    await expect(run).rejects.toMatchObject({ code: 'BAD_OPTION' });
  }
  expect(told).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

test('while an inspector is open a run with plugins has no deadline, and says so', async () => {
  const seen: number[] = [];
  const messages: string[] = [];
  const dump = async (job: DumpJob): Promise<typeof dumped> => {
    seen.push(job.hookDeadlineMs);
    await writeInventory(job);
    return dumped;
  };
  const plugins = [definePlugin({ name: 'gpu', hooks: [] })];
  const options = { pid: 1, images: store(), plugins, hookDeadline: 5000 } as const;
  const onLog = ({ message }: { readonly message: string }): void => void messages.push(message);
  await dumpBy(engineOf({ dump }), { ...options, onLog });
  inspector.open(0, '127.0.0.1');
  try {
    await dumpBy(engineOf({ dump }), { ...options, onLog });
  } finally {
    inspector.close();
  }
  expect(seen).toEqual([5000, 2 ** 31 - 1]);
  expect(messages).toEqual(['an inspector is open: plugins have no deadline in this run']);
});
