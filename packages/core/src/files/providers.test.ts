import { create, FdTypes, FileEntrySchema } from '@criujs/images';
import type { Records } from '@criujs/plugin-host/engine';
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
const records = (more: Partial<Records>): Records => ({ externals: [], sockets: [], tasks: [], plugins: [], ...more });

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };
const images = (ids: readonly number[], plugins: readonly string[] = []) => ({
  files: ids.map((id) => create(FileEntrySchema, { id, type: FdTypes.EXT, ext: { id, fown } })),
  plugins,
});

function session(...names: string[]): Session {
  const plugins = names.map((name) => ({ name, version: null, apiVersion: 1, imageVersion: 1 }));
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
    remedy: expect.stringMatching(/Load gpu 1\.4\.0: --plugin gpu/),
  });
});

test('all that are missing are in one error', () => {
  expect(failure(images([1, 2, 3]), both, session())).toMatchObject({
    code: 'PLUGIN_MISSING',
    message:
      '2 plugins are not loaded:\n  gpu 1.4.0 dumped file 1 (/dev/gpu0), file 2\n  hub dumped unix socket 99 (file 3)',
    remedy: expect.stringContaining('--plugin gpu --plugin hub'),
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
    hook: 'RESTORE_EXT_FILE',
    message: expect.stringContaining('one of gpu'),
  });
  expect(failure(images([1]), null, session('any'))).toBeUndefined();
  expect(failure(images([]), null, session())).toBeUndefined();
});
