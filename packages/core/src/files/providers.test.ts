import type { Records } from '@criujs/engine-kit';
import { decodeImage, encodeImage, FdTypes } from '@criujs/images';
import type { Provider } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import type { Session } from '../run/session.ts';
import { checkProviders } from './providers.ts';

const gpu: Provider = { name: 'gpu', version: '1.4.0' };
const hub: Provider = { name: 'hub', version: null };

const fileOf = (id: number, path: string | null, provider: Provider): Records['externals'][number] => {
  const none = { rdev: null, inode: 1, flags: 0, position: 0, owner: null, holders: [] };
  return { id, file: { ...none, path, kind: 'character', provider } };
};
const socketOf = (id: number, inode: number, provider: Provider): Records['sockets'][number] => {
  const socket = { type: 'stream', name: null, peerName: null, state: 'connected', flags: 0, holders: [] } as const;
  return { id, inode, provider, socket };
};
const records = (more: Partial<Records>): Records => ({
  externals: [],
  sockets: [],
  tasks: [],
  inodes: [],
  plugins: [],
  ...more,
});

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };
const images = (ids: readonly number[], plugins: readonly string[] = []) => ({
  files: decodeImage(
    'FILES',
    encodeImage(
      'FILES',
      ids.map((id) => ({ message: { id, type: FdTypes.EXT, ext: { id, fown } } })),
    ),
  ).map(({ message }) => message),
  plugins,
});

function session(...names: string[]): Session {
  const plugins = names.map((name) => ({ name, ...(name === 'cuda' ? { inventoryName: 'cuda_plugin' } : {}) }));
  return { hooks: { plugins, serves: () => names.length > 0 } } as unknown as Session;
}

function failure(...args: Parameters<typeof checkProviders>): unknown {
  try {
    return checkProviders(...args);
  } catch (error) {
    return error;
  }
}

const both = records({
  externals: [fileOf(1, '/dev/gpu0', gpu), fileOf(2, null, gpu)],
  sockets: [socketOf(3, 99, hub)],
});

test('nothing is missing when all are loaded, whatever else is', () => {
  expect(failure(images([1, 2, 3]), both, session('other', 'hub', 'gpu'))).toBeUndefined();
});

test('the error names the plugin, its version, what it dumped, and the option', () => {
  expect(failure(images([1, 2, 3]), both, session('hub'))).toMatchObject({
    code: 'PLUGIN_MISSING',
    plugin: 'gpu',
    message: 'file 1 (/dev/gpu0), file 2: dumped by plugin gpu 1.4.0, which is not loaded',
    remedy: 'Load the plugin named gpu that made the dump (--plugin, option `plugins`).',
  });
});

test('all that are missing are in one error', () => {
  expect(failure(images([1, 2, 3]), both, session())).toMatchObject({
    code: 'PLUGIN_MISSING',
    message:
      '2 plugins are not loaded:\n  gpu 1.4.0 dumped file 1 (/dev/gpu0), file 2\n  hub dumped unix socket 99 (file 3)',
    remedy: expect.stringMatching(/named gpu .*named hub /),
  });
});

test('many files of one plugin do not fill the screen', () => {
  const ids = Array.from({ length: 500 }, (_, at) => at + 1);
  const many = records({ externals: ids.map((id) => fileOf(id, null, gpu)) });
  expect(failure(images(ids), many, session())).toMatchObject({
    message: 'file 1, file 2, file 3, file 4 and 496 more: dumped by plugin gpu 1.4.0, which is not loaded',
  });
});

test('a record of a file that is not in the images needs nobody', () => {
  expect(failure(images([]), both, session())).toBeUndefined();
});

test('images of CRIU: the inventory says who it may have been', () => {
  expect(failure(images([1], ['gpu']), null, session())).toMatchObject({
    code: 'PLUGIN_MISSING',
    plugin: 'gpu',
    message: 'the images need plugin gpu, which is not loaded',
  });
  expect(failure(images([1]), null, session())).toMatchObject({ code: 'PLUGIN_MISSING', hook: 'RESTORE_EXT_FILE' });
  expect(failure(images([1]), null, session('any'))).toBeUndefined();
  expect(failure(images([]), null, session())).toBeUndefined();
});

const written: Records['plugins'][number] = {
  ...{ name: 'gpu', version: '1.4.0', apiVersion: 1, imageVersion: 1, inventoryName: 'gpu_plugin', required: true },
  ...{ package: null, packageVersion: null, load: null },
};

test('a plugin that only wrote something is needed, and both lists say it once', () => {
  const needs = records({ plugins: [written] });
  for (const listed of [[], ['gpu_plugin']]) {
    expect(failure(images([], listed), needs, session('hub'))).toMatchObject({
      code: 'PLUGIN_MISSING',
      plugin: 'gpu',
      message: 'the images need plugin gpu 1.4.0, which is not loaded',
    });
  }
  expect(failure(images([], []), needs, session('gpu'))).toBeUndefined();
  expect(failure(images([]), records({ plugins: [{ ...written, required: false }] }), session())).toBeUndefined();
});

test('a name in the inventory may be any of the two that a plugin has', () => {
  for (const listed of ['cuda_plugin', 'cuda']) {
    expect(failure(images([], [listed]), null, session('cuda'))).toBeUndefined();
    expect(failure(images([], [listed]), null, session('hub'))).toMatchObject({
      code: 'PLUGIN_MISSING',
      plugin: listed,
    });
  }
});

test('dumps of older releases record neither', () => {
  const old = { ...written, inventoryName: null, required: false };
  expect(failure(images([], ['gpu']), records({ plugins: [old] }), session())).toMatchObject({
    message: 'the images need plugin gpu 1.4.0, which is not loaded',
  });
  expect(failure(images([], []), records({ plugins: [old] }), session())).toBeUndefined();
});

test.each<[Partial<Records['plugins'][number]>, string]>([
  [
    { package: '@own/gpu', packageVersion: '1.4.1', load: '@own/gpu/plugin' },
    'Load gpu 1.4.0: npm install @own/gpu@1.4.1, then --plugin @own/gpu/plugin (option `plugins`).',
  ],
  [{ package: 'criu-gpu' }, 'Load gpu 1.4.0: npm install criu-gpu, then --plugin criu-gpu (option `plugins`).'],
  [
    { load: './gpu.ts' },
    'Load gpu 1.4.0 from its file, which was ./gpu.ts at the dump: --plugin ./PATH (option `plugins`).',
  ],
  [{}, 'Load the plugin named gpu that made the dump (--plugin, option `plugins`).'],
])('%j: what to do', (origin, remedy) => {
  expect(failure(images([]), records({ plugins: [{ ...written, ...origin }] }), session())).toMatchObject({ remedy });
});
