import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunOptions } from '@criujs/engine-kit/front';
import { noImages, openPlugins as openRunPlugins } from '@criujs/engine-kit/front';
import type { RunImages } from '@criujs/engine-kit/images';
import { decodeRecord } from '@criujs/plugin-host';
import {
  type Context,
  definePlugin,
  hook,
  notSupported,
  type Plugin,
  retryLater,
  type Stage,
  socketInode,
} from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { type ServedPlugins, servePlugins } from './plugins.ts';

const openPlugins = (...parts: Parameters<typeof openRunPlugins>): ServedPlugins =>
  servePlugins(openRunPlugins(...parts));

async function started(plugin: Plugin, options: RunOptions = {}): Promise<ServedPlugins> {
  const plugins = openPlugins({ ...options, plugins: [plugin] }, 'restore', noImages());
  await plugins.start();
  return plugins;
}

const socket = {
  type: 'stream',
  name: null,
  peerName: '/run/service',
  state: 'connected',
  flags: 2,
  holders: [],
} as const;
const ask = {
  kind: 'hook',
  hook: 'RESTORE_UNIX_SK',
  args: { inode: socketInode(5), socket },
  resource: 'socket 5',
} as const;

const isOpen = (fd: number): boolean => {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
};

test('a run without plugins serves no hook and needs no host', async () => {
  const plugins = openPlugins({}, 'dump', noImages());
  expect(await plugins.start()).toEqual({ served: {}, plugins: [] });
  expect(await plugins.finish({ ok: true })).toEqual([]);
});

test('a descriptor that is a number stays open for the engine and is closed at the end', async () => {
  let fd = -1;
  const plugins = await started(
    definePlugin({ name: 'opens', hooks: [hook('RESTORE_UNIX_SK', () => (fd = openSync('/dev/null', 'r')))] }),
  );
  expect(await plugins.call(ask)).toEqual({
    claimed: true,
    plugin: 'opens',
    version: undefined,
    result: { value: fd },
  });
  expect(isOpen(fd)).toBe(true);
  expect(await plugins.finish({ ok: true })).toEqual([]);
  expect(isOpen(fd)).toBe(false);
});

test('a descriptor with its own close is closed by that, before exit', async () => {
  const told: string[] = [];
  const fd = openSync('/dev/null', 'r');
  const close = (): void => {
    closeSync(fd);
    told.push('close');
  };
  const plugins = await started(
    definePlugin({
      name: 'owns',
      exit: () => void told.push('exit'),
      hooks: [hook('RESTORE_UNIX_SK', () => ({ fd, close }))],
    }),
  );
  expect(await plugins.call(ask)).toMatchObject({ result: { value: fd } });
  await plugins.finish({ ok: true });
  expect(told).toEqual(['close', 'exit']);
});

test('a close that never ends is a warning', async () => {
  const fd = openSync('/dev/null', 'r');
  const plugins = await started(
    definePlugin({
      name: 'stuck',
      hooks: [hook('RESTORE_UNIX_SK', () => ({ fd, close: () => new Promise<void>(() => {}) }))],
    }),
    { hookDeadline: 100 },
  );
  await plugins.call(ask);
  expect(await plugins.finish({ ok: true })).toEqual([expect.stringContaining('100 ms')]);
  closeSync(fd);
});

test('retryLater and declining cross as plain data', async () => {
  const file = {
    path: '/dev/x',
    kind: 'character',
    rdev: null,
    inode: 1,
    flags: 0,
    position: 0,
    owner: null,
    holders: [],
    provider: null,
  } as const;
  const plugins = await started(
    definePlugin({
      name: 'says',
      hooks: [hook('RESTORE_EXT_FILE', () => retryLater), hook('RESTORE_UNIX_SK', () => notSupported)],
    }),
  );
  const later = await plugins.call({ kind: 'hook', hook: 'RESTORE_EXT_FILE', args: { id: 1, file } });
  expect(structuredClone(later)).toMatchObject({ claimed: true, result: { retryLater: true } });
  expect(await plugins.call(ask)).toEqual({ claimed: false });
  await plugins.finish({ ok: true });
});

test('a plugin that dumped something and is not loaded is missed by name, even when none is loaded', async () => {
  const plugins = openPlugins({}, 'restore', noImages());
  await plugins.start();
  await expect(plugins.call({ ...ask, provider: 'gpu', providerVersion: '1.4.0' })).rejects.toMatchObject({
    code: 'PLUGIN_MISSING',
    message: expect.stringContaining('gpu 1.4.0'),
  });
});

test('what exit throws is a warning', async () => {
  const plugins = await started(
    definePlugin({
      name: 'fails',
      hooks: [],
      exit() {
        throw new Error('cannot clean up');
      },
    }),
  );
  expect(await plugins.finish({ ok: true })).toEqual([expect.stringContaining('cannot clean up')]);
});

test('options that no plugin reads are a mistake, even when none is loaded', async () => {
  const plugins = openPlugins({ pluginOptions: { gpu: {} } }, 'dump', noImages());
  await expect(plugins.start()).rejects.toMatchObject({ code: 'PLUGIN_OPTIONS', plugin: 'gpu' });
  expect(await plugins.finish({ ok: true })).toEqual([]);
});

test('a record has the calls, the answers and the end, and is for its owner only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-record-'));
  try {
    const says = definePlugin({
      name: 'says',
      version: '2.0.0',
      hooks: [hook('RESTORE_UNIX_SK', () => openSync('/dev/null', 'r'))],
    });
    const plugins = await started(says, { cwd: folder, record: 'calls.jsonl' });
    await plugins.call({ ...ask, provider: 'says', providerVersion: '1.0.0' });
    await plugins.finish({ ok: true });
    const file = join(folder, 'calls.jsonl');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(decodeRecord(readFileSync(file, 'utf8'))).toMatchObject([
      { event: 'record' },
      { event: 'host', plugins: [{ name: 'says', version: '2.0.0' }] },
      { event: 'start', stage: 'restore' },
      { event: 'call', hook: 'RESTORE_UNIX_SK', provider: 'says', providerVersion: '1.0.0', resource: 'socket 5' },
      { event: 'answer', plugin: 'says', result: { kind: 'descriptor' } },
      { event: 'finish', exitErrors: [] },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a restore tells a plugin the version of its part, and refuses what is too new for it before any init', async () => {
  const seen: string[] = [];
  const gpu = (imageVersion: number): Plugin => {
    const note = (stage: string, { image }: Context): void => void seen.push(`${stage} ${image.version}`);
    return definePlugin({ name: 'gpu', imageVersion, init: note, hooks: [] });
  };
  const written = (plugins: readonly object[]): RunImages => ({
    ...noImages(),
    read: async () => {
      return Buffer.from(JSON.stringify({ format: 'criujs', version: 1, externals: [], sockets: [], plugins }));
    },
  });
  const run = async (plugin: Plugin, stage: Stage, images = noImages()): Promise<unknown> => {
    const plugins = openPlugins({ plugins: [plugin] }, stage, images);
    const failed = await plugins.start().then(
      () => null,
      (error: unknown) => error,
    );
    const recorded = plugins.record([]);
    await plugins.finish({ ok: true });
    return failed ?? recorded;
  };
  const record = { name: 'gpu', version: null, apiVersion: 1 };
  expect(await run(gpu(3), 'dump')).toMatchObject([{ ...record, imageVersion: 3 }]);
  await run(gpu(3), 'restore', written([{ ...record, imageVersion: 2 }]));
  await run(gpu(3), 'restore', written([record]));
  await run(gpu(3), 'restore');
  expect(seen).toEqual(['dump 3', 'restore 2', 'restore 1', 'restore 1']);
  expect(await run(gpu(1), 'restore', written([{ ...record, imageVersion: 2 }]))).toMatchObject({
    code: 'PLUGIN_IMAGE_VERSION',
    plugin: 'gpu',
  });
  expect(seen).toHaveLength(4);
});

test('a restore without a plugin that its images need is refused before the init of any other', async () => {
  const seen: string[] = [];
  const other = definePlugin({ name: 'other', init: (stage) => void seen.push(stage), hooks: [] });
  const needed = { name: 'gpu', version: '1.0.0', apiVersion: 1, required: true };
  const images: RunImages = {
    ...noImages(),
    read: async () =>
      Buffer.from(JSON.stringify({ format: 'criujs', version: 1, externals: [], sockets: [], plugins: [needed] })),
  };
  const plugins = openPlugins({ plugins: [other] }, 'restore', images);
  await expect(plugins.start()).rejects.toMatchObject({
    code: 'PLUGIN_MISSING',
    message: expect.stringContaining('gpu'),
    remedy: expect.any(String),
  });
  await plugins.finish({ ok: true });
  expect(seen).toEqual([]);
});

test('a record that cannot be written is told at once', () => {
  expect(() => openPlugins({ record: '/nowhere/calls.jsonl' }, 'dump', noImages())).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('/nowhere/calls.jsonl') }),
  );
});

test('a record of a run without plugins says so', async () => {
  const lines: string[] = [];
  const plugins = openPlugins({ record: (line) => lines.push(line) }, 'dump', noImages());
  await plugins.start();
  await plugins.finish({ ok: true });
  expect(decodeRecord(lines.join('')).map(({ event }) => event)).toEqual(['record', 'host', 'start', 'finish']);
});

test('the engine is told by which name the inventory lists a plugin', async () => {
  const named = (name: string, more: object): Plugin => definePlugin({ name, ...more, hooks: [] });
  const options = {
    plugins: [
      named('kvm', {}),
      named('amdgpu-plugin', { inventoryName: 'amdgpu_plugin' }),
      named('old', { inventoryName: null }),
    ],
  };
  const plugins = openPlugins(options, 'dump', noImages());
  expect(await plugins.start()).toMatchObject({
    plugins: [
      { name: 'kvm' },
      { name: 'amdgpu-plugin', inventoryName: 'amdgpu_plugin' },
      { name: 'old', inventoryName: null },
    ],
  });
});
