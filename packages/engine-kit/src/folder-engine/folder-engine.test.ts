import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type Outcome, pid } from '@criujs/plugin-sdk';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DumpOptions, RestoreOptions } from '../front/options.ts';
import { dumpBy, restoreBy } from '../front/runs.ts';
import type { Engine } from '../interface/engine.ts';
import type { FolderDumpJob, FolderEngine, FolderRestoreJob } from '../interface/folder-engine.ts';
import { encodeRecords } from '../records/records.ts';
import { folderEngine } from './folder-engine.ts';

type By<O> = O & { readonly engine: Engine };
const dump = (options: By<DumpOptions>): ReturnType<typeof dumpBy> => dumpBy(options.engine, options);
const restore = (options: By<RestoreOptions>): ReturnType<typeof restoreBy> => restoreBy(options.engine, options);

let directory: string;
let images: string;
/** Somebody who could be dumped. */
let target: ChildProcess;
let root: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'criujs-engine-'));
  images = join(directory, 'images');
});

afterEach(() => rmSync(directory, { recursive: true }));

beforeAll(async () => {
  target = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  await once(target, 'spawn');
  root = target.pid as number;
});

afterAll(() => target.kill('SIGKILL'));

const dumped = { processes: 2, threads: 3, bytes: 4096, frozenMs: 1, plugins: ['gpu'] };

/** An engine that does what a test says. */
function engineOf(does: Partial<FolderEngine>): Engine {
  return folderEngine({
    name: 'pretend',
    dump: async (job) => {
      writeInventory(job);
      return dumped;
    },
    restore: async () => ({ pid: 7, pids: [[5, 7]], restoreMs: 1 }),
    check: async () => ({ dump: true, restore: true, samePids: true, kernel: '6.1', rows: [] }),
    plan: (row) => row,
    ...does,
  });
}

function writeInventory({ commit, images: where }: FolderDumpJob): void {
  writeFileSync(join(where, 'inventory.img'), 'whole');
  commit();
}

/** A plugin that notes the life that it has. */
function gpu(life: unknown[]): ReturnType<typeof definePlugin> {
  return definePlugin({
    name: 'gpu',
    version: '1.4.0',
    init: (stage) => void life.push(stage),
    exit: (_, outcome: Outcome) => void life.push(outcome.ok ? 'well' : outcome.error.message),
    hooks: [],
  });
}

test('it gets a directory that is there, and plugins after their init', async () => {
  const life: unknown[] = [];
  const phases: string[] = [];
  const engine = engineOf({
    async dump(job) {
      expect(job).toMatchObject({ pid: root, directory: images, leaveRunning: true, hookDeadlineMs: 300 });
      expect(existsSync(job.images)).toBe(true);
      expect(existsSync(images), 'nothing is there before the commit').toBe(false);
      expect(life).toEqual(['dump']);
      expect(job.host?.plugins.map(({ name }) => name)).toEqual(['gpu']);
      job.phase('freeze');
      job.warn('a locked file');
      writeInventory(job);
      return dumped;
    },
  });
  const onProgress = ({ phase }: { phase: string }): void => void phases.push(phase);
  const options = {
    pid: root,
    images,
    engine,
    plugins: [gpu(life)],
    hookDeadline: 300,
    leaveRunning: true,
    onProgress,
  };
  const result = await dump(options);
  expect(result).toEqual({ ...dumped, pid: root, totalMs: expect.any(Number), warnings: ['a locked file'] });
  expect(phases).toEqual(['freeze']);
  expect(life).toEqual(['dump', 'well']);
});

test('a failed dump is told to the plugins, and leaves no image and no directory', async () => {
  const life: unknown[] = [];
  const engine = engineOf({
    async dump(job) {
      writeFileSync(join(job.images, 'core-5.img'), '');
      throw new Error('CRIU has had enough');
    },
  });
  await expect(dump({ pid: root, images, engine, plugins: [gpu(life)] })).rejects.toMatchObject({
    name: 'EngineError',
    message: 'CRIU has had enough',
  });
  expect(life).toEqual(['dump', 'CRIU has had enough']);
  expect(existsSync(images)).toBe(false);
});

test('a dump that is there is refused, and with force replaced by the commit', async () => {
  const engine = engineOf({});
  await dump({ pid: root, images, engine });
  await expect(dump({ pid: root, images, engine })).rejects.toMatchObject({ code: 'IMAGES_EXIST' });
  writeFileSync(join(images, 'core-5.img'), 'old');
  const fails = engineOf({
    dump(job) {
      writeFileSync(join(job.images, 'core-6.img'), 'new');
      return Promise.reject(new Error('before the commit'));
    },
  });
  await expect(dump({ pid: root, images, engine: fails, force: true })).rejects.toThrow('before the commit');
  expect(readdirSync(images).sort()).toEqual(['core-5.img', 'inventory.img']);
  await dump({ pid: root, images, engine, force: true });
  expect(readdirSync(images)).toEqual(['inventory.img']);
  expect(readdirSync(directory)).toEqual(['images']);
});

test('a commit that was taken back leaves the old images, and logs of the one that failed', async () => {
  mkdirSync(images);
  writeFileSync(join(images, 'inventory.img'), 'old');
  writeFileSync(join(images, 'dump.log'), 'old');
  const engine = engineOf({
    async dump(job) {
      writeFileSync(join(job.images, 'dump.log'), 'new');
      writeInventory(job);
      expect(readFileSync(join(images, 'inventory.img'), 'utf8')).toBe('whole');
      job.takeBack();
      throw new Error('it runs on');
    },
  });
  await expect(dump({ pid: root, images, engine, force: true })).rejects.toThrow('it runs on');
  expect(readFileSync(join(images, 'inventory.img'), 'utf8')).toBe('old');
  expect(readFileSync(join(images, 'dump.log'), 'utf8')).toBe('new');
  expect(readdirSync(directory)).toEqual(['images']);
});

test('a commit into an empty directory that was taken back leaves an empty one', async () => {
  mkdirSync(images, { mode: 0o750 });
  const engine = engineOf({
    async dump(job) {
      writeInventory(job);
      job.takeBack();
      throw new Error('it runs on');
    },
  });
  await expect(dump({ pid: root, images, engine })).rejects.toThrow('it runs on');
  expect(readdirSync(images)).toEqual([]);
  expect(statSync(images).mode & 0o777).toBe(0o750);
});

test('what plugins write when they exit belongs to the committed dump', async () => {
  const plugin = definePlugin({
    name: 'late',
    hooks: [],
    exit: async (_stage, _outcome, { image }) => image.write('last', Buffer.from('words')),
  });
  await dump({ pid: root, images, engine: engineOf({}), plugins: [plugin] });
  expect(readFileSync(join(images, 'criujs', 'late', 'last'), 'utf8')).toBe('words');
});

test('an engine that forgets the commit has dumped nothing', async () => {
  const engine = engineOf({ dump: async () => dumped });
  await expect(dump({ pid: root, images, engine })).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(existsSync(images)).toBe(false);
});

function putDump(): void {
  mkdirSync(images);
  writeFileSync(join(images, 'inventory.img'), 'whole');
  const unknown = { path: '/dev/gpu0', kind: 'character', rdev: null, inode: 5, flags: 2, position: 0 } as const;
  const file = {
    ...unknown,
    owner: null,
    holders: [{ pid: pid(5), fd: 3 }],
    provider: { name: 'gpu', version: '1.4.0' },
  };
  const origin = { package: 'criu-gpu', packageVersion: '1.4.1', load: 'criu-gpu' };
  const plugin = {
    name: 'gpu',
    version: '1.4.0',
    apiVersion: 1,
    imageVersion: 1,
    inventoryName: 'gpu',
    required: true,
  };
  const plugins = [{ ...plugin, ...origin }];
  writeFileSync(
    join(images, 'criujs.json'),
    encodeRecords({ externals: [{ id: 7, file }], sockets: [], tasks: [], inodes: [], plugins }),
  );
}

test('a restore has what was recorded, and its pids', async () => {
  putDump();
  let seen: FolderRestoreJob | undefined;
  const engine = engineOf({
    async restore(job) {
      seen = job;
      return { pid: 7, pids: [[5, 7]], restoreMs: 1, exited: Promise.resolve({ code: 3 }) };
    },
  });
  const result = await restore({ images, engine, plugins: [gpu([])] });
  expect(seen).toMatchObject({ newPids: false, detach: false, records: { externals: [{ id: 7 }] } });
  expect(result).toMatchObject({ pid: 7, restoreMs: 1 });
  expect([...result.pids]).toEqual([[5, 7]]);
  await expect(result.exited).resolves.toEqual({ code: 3 });
});

test('a plugin that dumped something and is not loaded is missed by name, before the engine is asked', async () => {
  putDump();
  const engine = engineOf({ restore: () => Promise.reject(new Error('never')) });
  await expect(restore({ images, engine })).rejects.toMatchObject({ code: 'PLUGIN_MISSING', plugin: 'gpu' });
});

test('an abort before the run, and images that are no directory', async () => {
  const engine = engineOf({});
  await expect(dump({ pid: root, images, engine, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORTED',
  });
  const store = {
    begin: (): never => {
      throw new Error('never');
    },
  };
  await expect(dump({ pid: root, images: store, engine })).rejects.toMatchObject({ code: 'BAD_OPTION' });
});

test('what no engine can dump is refused before it is asked', async () => {
  const engine = engineOf({ dump: () => Promise.reject(new Error('never')) });
  await expect(dump({ pid: process.pid, images, engine })).rejects.toMatchObject({ code: 'OWN_PROCESS' });
  await expect(dump({ pid: 2 ** 22, images, engine })).rejects.toMatchObject({ code: 'NO_SUCH_PROCESS' });
});

test('check asks the engine', async () => {
  await expect(engineOf({}).check(undefined)).resolves.toMatchObject({ kernel: '6.1' });
});
