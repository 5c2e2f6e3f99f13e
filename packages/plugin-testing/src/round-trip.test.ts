import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { devNull } from 'node:os';
import { join } from 'node:path';
import {
  batchHook,
  definePlugin,
  type HookName,
  hook,
  hookTable,
  later,
  notSupported,
  type Plugin,
  retryLater,
} from '@criujs/plugin-sdk';
import { afterEach, expect, test } from 'vitest';
import { callsOf, dump, type PretendTree, type PretendTreeOptions, pretendTree, restore } from './index.ts';

const trees: PretendTree[] = [];
afterEach(async () => {
  for (const tree of trees.splice(0)) await tree.close();
});

async function makeTree(options: PretendTreeOptions): Promise<PretendTree> {
  const tree = await pretendTree(options);
  trees.push(tree);
  return tree;
}

/** Something of every kind, in two processes. */
const everything: PretendTreeOptions = {
  processes: [
    { pid: 100, command: 'server' },
    { pid: 101, command: 'child' },
  ],
  files: [
    { holders: [{ pid: 101, fd: 9 }] },
    {
      content: 'hello',
      position: 2,
      flags: 0o4002,
      owner: { pid: 100, signal: 10, uid: 1000, euid: 1000, type: 'process' },
      holders: [
        { pid: 101, fd: 8 },
        { pid: 100, fd: 5 },
      ],
    },
  ],
  sockets: [{ name: '\0client', flags: 0o4002 }],
  mounts: [{ id: 31, mountpoint: '/mnt/data' }],
  links: [{ index: 4, type: 1, kind: 'veth' }],
  maps: [
    { pid: 101, path: '/dev/dri/card0', address: 0x7f12_0000_0000n, offset: 4096n, rdev: { major: 226, minor: 0 } },
  ],
};

/** Serves all 15 hooks, and keeps what it is given. */
function keeper(): Plugin {
  return definePlugin({
    name: 'keeper',
    version: '2.1.0',
    hooks: [
      hook('DUMP_EXT_FILE', async ({ fd, id, file }, { image }) => {
        const bytes = Buffer.alloc(16);
        await image.writeJson(`file-${id}`, {
          path: file.path,
          rest: bytes.toString('latin1', 0, readSync(fd, bytes)),
        });
      }),
      hook('RESTORE_EXT_FILE', async ({ id, file }, { image }) => {
        const { path } = await image.readJson<{ path: string }>(`file-${id}`);
        expect(path).toBe(file.path);
        return openSync(path, file.flags & 3);
      }),
      hook('DUMP_UNIX_SK', ({ inode, socket }, { image }) => image.writeJson(`socket-${inode}`, socket.peerName)),
      hook('RESTORE_UNIX_SK', async ({ inode }, { image }) => connect(await image.readJson<string>(`socket-${inode}`))),
      hook('DUMP_EXT_MOUNT', ({ id, mountpoint }, { image }) => image.writeJson(`mount-${id}`, mountpoint)),
      hook('RESTORE_EXT_MOUNT', async ({ id, mountpoint }, { image }) => {
        expect(await image.readJson(`mount-${id}`)).toBe(mountpoint);
        return { source: '/srv' };
      }),
      hook('DUMP_EXT_LINK', ({ index, kind }, { image }) => image.writeJson(`link-${index}`, kind)),
      hook('HANDLE_DEVICE_VMA', ({ fd, stat }, { log }) => {
        log.info(`mapped ${stat.rdev.major}:${stat.rdev.minor}`, { open: fstatSync(fd).isCharacterDevice() });
      }),
      hook('UPDATE_VMA_MAP', ({ oldOffset }) => ({ offset: oldOffset + 4096n, fd: openSync(devNull, 'r') })),
      ...(['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'DUMP_DEVICES_LATE', 'RESUME_DEVICES_LATE'] as const).map((name) =>
        hook(name, ({ pid }, { log }) => log.debug(`${name} ${pid}`)),
      ),
      hook('RESTORE_INIT', (_args, { log }) => log.debug('RESTORE_INIT')),
      hook('POST_FORKING', (_args, { log }) => log.debug('POST_FORKING')),
    ],
  });
}

async function connect(path: string): Promise<{ fd: number; close(): void }> {
  const socket = new Socket().pause();
  await new Promise<void>((resolve, reject) => socket.once('error', reject).connect(path, resolve));
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  if (fd >= 0) return { fd, close: () => void socket.destroy() };
  const other = openSync(devNull, 'r');
  const close = (): void => {
    closeSync(other);
    socket.destroy();
  };
  return { fd: other, close };
}

test('all 15 hooks make a round trip, in the order of CRIU', async () => {
  const tree = await makeTree(everything);
  const seen: string[] = [];
  const dumped = await dump(tree, [keeper()]);
  const restored = await restore(dumped, {
    plugins: [keeper()],
    pids: { 100: 200 },
    inspect({ hook: name, fd }) {
      if (name === 'RESTORE_EXT_FILE' && fstatSync(fd).isFile()) seen.push(readFileSync(fd, 'latin1'));
      expect(() => fstatSync(fd)).not.toThrow();
    },
  });
  expect(dumped).toMatchObject({ stage: 'dump', ok: true, unclaimed: [], exitErrors: [], struck: [] });
  expect(restored).toMatchObject({ stage: 'restore', ok: true, unclaimed: [], exitErrors: [], struck: [] });
  const names = (report: { calls: readonly { hook: string }[] }): string[] => report.calls.map((it) => it.hook);
  expect(names(dumped)).toEqual([
    ...['PAUSE_DEVICES', 'PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'CHECKPOINT_DEVICES'],
    ...['DUMP_EXT_MOUNT', 'DUMP_EXT_FILE', 'HANDLE_DEVICE_VMA', 'DUMP_EXT_FILE'],
    ...['DUMP_EXT_LINK', 'DUMP_UNIX_SK', 'DUMP_DEVICES_LATE'],
  ]);
  expect(names(restored)).toEqual([
    ...['RESTORE_INIT', 'RESTORE_EXT_MOUNT', 'POST_FORKING', 'RESTORE_UNIX_SK'],
    ...['RESTORE_EXT_FILE', 'RESTORE_EXT_FILE', 'UPDATE_VMA_MAP', 'RESUME_DEVICES_LATE', 'RESUME_DEVICES_LATE'],
  ]);
  expect(new Set([...names(dumped), ...names(restored)])).toEqual(new Set(Object.keys(hookTable)));
  for (const call of [...dumped.calls, ...restored.calls]) expect(call.place).toBe(hookTable[call.hook].context);

  // File 2 is the server's first: read from its position at the dump, whole again at restore.
  expect(callsOf(dumped, 'DUMP_EXT_FILE').map((it) => it.args.id)).toEqual([2, 1]);
  expect(Buffer.from(dumped.sections['keeper']?.['file-2'] ?? []).toString()).toContain('"rest":"llo"');
  expect(seen).toEqual(['hello']);
  expect(callsOf(restored, 'RESTORE_EXT_MOUNT')[0]?.answer).toMatchObject({
    claimed: true,
    result: { source: '/srv' },
  });
  expect(callsOf(restored, 'RESUME_DEVICES_LATE').map((it) => it.args.pid)).toEqual([200, 101]);
  expect(tree.sockets[0]?.service.connections()).toBe(1);
});

test('records come back as an engine keeps them', async () => {
  const tree = await makeTree(everything);
  const restored = await restore(await dump(tree, [keeper()]), [keeper()]);
  const provider = { name: 'keeper', version: '2.1.0' };
  const [file] = callsOf(restored, 'RESTORE_EXT_FILE').filter((it) => it.args.id === 2);
  expect(file?.args.file).toEqual({ ...tree.files[1]?.file, provider });
  expect(file?.args.file).not.toBe(tree.files[1]?.file);
  expect(file).toMatchObject({
    provider: 'keeper',
    asked: [{ plugin: 'keeper', answer: 'claimed' }],
    args: {
      file: {
        flags: 0o4002,
        position: 2,
        owner: { pid: 100, signal: 10, type: 'process' },
        holders: [
          { pid: 101, fd: 8 },
          { pid: 100, fd: 5 },
        ],
      },
    },
  });
  const [map] = callsOf(restored, 'UPDATE_VMA_MAP');
  expect(map?.args).toEqual({ path: '/dev/dri/card0', address: 0x7f12_0000_0000n, oldOffset: 4096n });
  expect(restored.descriptors.map((it) => it.hook)).toEqual([
    'RESTORE_UNIX_SK',
    'RESTORE_EXT_FILE',
    'RESTORE_EXT_FILE',
    'UPDATE_VMA_MAP',
  ]);
  for (const { fd } of restored.descriptors.filter((it) => it.hook !== 'RESTORE_UNIX_SK')) {
    expect(() => fstatSync(fd)).toThrow('EBADF');
  }
});

test('the embedded engine opens files before it forks', async () => {
  const tree = await makeTree({ ...everything, mounts: [], links: [] });
  const dumped = await dump(tree, { plugins: [keeper()], order: 'embedded' });
  const restored = await restore(dumped, { plugins: [keeper()], order: 'embedded' });
  const hooks = dumped.calls.map((it) => it.hook);
  expect(hooks.indexOf('HANDLE_DEVICE_VMA')).toBeGreaterThan(hooks.lastIndexOf('DUMP_UNIX_SK'));
  expect(restored.calls.map((it) => it.hook).at(-4)).toBe('POST_FORKING');
});

test('a pre-dump only pauses, and exits', async () => {
  const tree = await makeTree(everything);
  const report = await dump(tree, { plugins: [keeper()], stage: 'pre-dump' });
  expect(report.calls.map((it) => it.hook)).toEqual(['PAUSE_DEVICES', 'PAUSE_DEVICES']);
  expect(report).toMatchObject({ stage: 'pre-dump', ok: true, exits: [{ plugin: 'keeper', outcome: { ok: true } }] });
  await expect(restore(report, [keeper()])).rejects.toMatchObject({ code: 'NO_IMAGE' });
});

test('what nobody takes ends the dump, all of it in one error', async () => {
  const tree = await makeTree({ files: [{ path: '/dev/a' }, { path: '/dev/b' }] });
  const plugin = definePlugin({ name: 'none', hooks: [hook('DUMP_EXT_FILE', () => notSupported)] });
  const report = await dump(tree, [plugin]);
  expect(report).toMatchObject({
    ok: false,
    error: { code: 'UNSUPPORTED', message: expect.stringMatching(/dev\/a.*dev\/b/) },
  });
  expect(report.unclaimed).toHaveLength(2);
  expect(callsOf(report, 'DUMP_DEVICES_LATE')).toEqual([]);
  expect(report.exits[0]?.outcome).toMatchObject({ ok: false, error: { code: 'UNSUPPORTED' } });
  await expect(restore(report, [plugin])).rejects.toMatchObject({ code: 'NO_IMAGE' });
});

test('the provider is asked first, and missed', async () => {
  const tree = await makeTree({ files: [{}] });
  const other = definePlugin({ name: 'other', hooks: [hook('RESTORE_EXT_FILE', () => openSync(devNull, 'r'))] });
  const dumped = await dump(tree, [keeper()]);
  const restored = await restore(dumped, [other, keeper()]);
  expect(restored.claims.map((it) => it.plugin)).toEqual(['keeper']);
  expect(callsOf(restored, 'RESTORE_EXT_FILE')[0]?.asked).toEqual([{ plugin: 'keeper', answer: 'claimed' }]);
  expect((await restore(dumped, [other])).error).toMatchObject({
    code: 'PLUGIN_MISSING',
    message: expect.stringContaining('keeper 2.1.0'),
  });
});

test('a file that waits for another is asked for again', async () => {
  const tree = await makeTree({ files: [{}, {}] });
  let opened = 0;
  const plugin = definePlugin({
    name: 'patient',
    hooks: [
      hook('DUMP_EXT_FILE', () => undefined),
      hook('RESTORE_EXT_FILE', ({ id }) => {
        if (id === 1 && opened === 0) return retryLater;
        opened += 1;
        return openSync(devNull, 'r');
      }),
    ],
  });
  const restored = await restore(await dump(tree, [plugin]), [plugin]);
  expect(callsOf(restored, 'RESTORE_EXT_FILE').map((it) => it.args.id)).toEqual([1, 2, 1]);
  const never = definePlugin({ name: 'patient', hooks: [hook('RESTORE_EXT_FILE', () => retryLater)] });
  const stuck = await restore(await dump(tree, [plugin]), { plugins: [never], patience: 40 });
  expect(stuck.error).toMatchObject({ code: 'PLUGIN_FAILED', message: expect.stringContaining('file 1, 2') });
});

test('what no plugin could bring back fails the dump, unless it is a dump only', async () => {
  const tree = await makeTree({ files: [{}] });
  const takes = definePlugin({ name: 'takes', hooks: [hook('DUMP_EXT_FILE', () => undefined)] });
  const opens = definePlugin({ name: 'opens', hooks: [hook('RESTORE_EXT_FILE', () => 0)] });
  const error = { code: 'UNSUPPORTED', plugin: 'takes', hook: 'RESTORE_EXT_FILE' };
  expect(await dump(tree, [takes])).toMatchObject({ ok: false, error });
  expect(await dump(tree, { plugins: [takes], dumpOnly: true })).toMatchObject({ ok: true });
  expect(await dump(tree, [takes, opens])).toMatchObject({ ok: true });
});

test('a plugin of a file is loaded as a user would', async () => {
  const tree = await makeTree({ files: [{}] });
  writeFileSync(
    join(tree.folder, 'plugin.ts'),
    `import { definePlugin, hook } from '@criujs/plugin-sdk';
     const greeting: string = 'hello';
     export default definePlugin({ name: 'from-file', hooks: [hook('DUMP_EXT_FILE', (_args, { log }) => log.info(greeting))] });`,
  );
  const report = await dump(tree, { plugins: ['./plugin.ts'], cwd: tree.folder, dumpOnly: true });
  expect(report).toMatchObject({ ok: true, claims: [{ plugin: 'from-file' }], logs: [{ message: 'hello' }] });
  expect(report.exits).toHaveLength(1);
  const missing = await dump(tree, { plugins: ['./nothing.ts'], cwd: tree.folder });
  expect(missing).toMatchObject({ ok: false, error: { code: 'PLUGIN_NOT_FOUND' }, calls: [] });
});

test.each([
  ['a descriptor that is not open', () => 999, 'HOOK_BAD_RESULT'],
  ['no descriptor', () => '3' as never, 'HOOK_BAD_RESULT'],
  ['standard output', () => 1, 'HOOK_BAD_RESULT'],
])('%s is refused', async (_what, answer, code) => {
  const tree = await makeTree({ files: [{}] });
  const hooks = [hook('DUMP_EXT_FILE', () => undefined), hook('RESTORE_EXT_FILE', answer as () => number)];
  const plugin = definePlugin({ name: 'bad', hooks });
  expect((await restore(await dump(tree, [plugin]), [plugin])).error).toMatchObject({ code, plugin: 'bad' });
});

test('one descriptor twice is refused, and a lent one that was closed', async () => {
  const tree = await makeTree({ files: [{}, {}] });
  let fd: number | undefined;
  const twice = definePlugin({
    name: 'twice',
    hooks: [
      hook('DUMP_EXT_FILE', () => undefined),
      hook('RESTORE_EXT_FILE', () => {
        fd ??= openSync(devNull, 'r');
        return fd;
      }),
    ],
  });
  expect((await restore(await dump(tree, [twice]), [twice])).error).toMatchObject({
    code: 'HOOK_BAD_RESULT',
    plugin: 'twice',
  });
  expect(() => fstatSync(fd ?? -1)).toThrow('EBADF');
  const closer = definePlugin({ name: 'closer', hooks: [hook('DUMP_EXT_FILE', (it) => closeSync(it.fd))] });
  expect((await dump(tree, [closer])).error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'closer' });
});

test('a descriptor that was answered and closed is no descriptor any more', async () => {
  const tree = await makeTree({ files: [{}] });
  let fd = -1;
  const hasty = definePlugin({
    name: 'hasty',
    hooks: [
      hook('DUMP_EXT_FILE', () => undefined),
      hook('RESTORE_EXT_FILE', () => {
        fd = openSync(devNull, 'r');
        return fd;
      }),
      hook('RESUME_DEVICES_LATE', () => closeSync(fd)),
    ],
  });
  const restored = await restore(await dump(tree, [hasty]), [hasty]);
  expect(restored.error).toMatchObject({ code: 'DESCRIPTOR_CLOSED', plugin: 'hasty', hook: 'RESTORE_EXT_FILE' });
});

test('what a test throws while it looks is the test’s own', async () => {
  const tree = await makeTree({ files: [{}] });
  const dumped = await dump(tree, [keeper()]);
  const inspect = (): void => expect(1).toBe(2);
  await expect(restore(dumped, { plugins: [keeper()], inspect })).rejects.toThrow('expected 1 to be 2');
});

test('hooks without a plugin of their own ask nobody', async () => {
  const tree = await makeTree({});
  const hooks: readonly HookName[] = (await dump(tree, [])).calls.map((it) => it.hook);
  expect(hooks).toEqual(['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'DUMP_DEVICES_LATE']);
});

test('a restore knows the version that the image was written with', async () => {
  const seen: number[] = [];
  const release = (imageVersion: number): Plugin =>
    definePlugin({ name: 'gpu', imageVersion, init: (_stage, { image }) => void seen.push(image.version), hooks: [] });
  const dumped = await dump(await makeTree({}), [release(2)]);
  expect(dumped.image?.imageVersions).toEqual({ gpu: 2 });
  expect(await restore(dumped, [release(3)])).toMatchObject({ ok: true });
  expect(await restore(dumped, [release(1)])).toMatchObject({
    ok: false,
    error: { code: 'PLUGIN_IMAGE_VERSION' },
    inits: [],
  });
  expect(seen).toEqual([2, 2]);
});

test.each([
  ['is open when the hook answers', 'answered before', (write: () => unknown) => void write()],
  ['comes after the answer', 'after it had answered', (write: () => unknown) => void setImmediate(write)],
])('a write into the image that %s fails the dump', async (_, says, how) => {
  const tree = await makeTree({ files: [{}] });
  const plugin = definePlugin({
    name: 'forgetful',
    hooks: [hook('DUMP_EXT_FILE', ({ id }, { image }) => how(() => image.writeJson(`file-${id}`, {})))],
  });
  for (const order of ['criu', 'embedded'] as const) {
    const dumped = await dump(tree, { plugins: [plugin], order, dumpOnly: true });
    expect(dumped).toMatchObject({
      ok: false,
      error: {
        code: 'HOOK_FAILED',
        plugin: 'forgetful',
        hook: 'DUMP_EXT_FILE',
        message: expect.stringContaining(says),
      },
    });
    expect(dumped.image).toBeUndefined();
  }
});

test.each([
  ['embedded', ['PAUSE_DEVICES 10,11 true', 'CHECKPOINT_DEVICES 10,11 true']],
  [
    'criu',
    ['PAUSE_DEVICES 10', 'PAUSE_DEVICES 11', 'CHECKPOINT_DEVICES 10', 'CHECKPOINT_DEVICES 11'].map(
      (it) => `${it} false`,
    ),
  ],
] as const)('batches are told as engine %s does it', async (order, expected) => {
  const told: string[] = [];
  const batch = definePlugin({
    name: 'batch',
    hooks: (['PAUSE_DEVICES', 'CHECKPOINT_DEVICES'] as const).map((name) =>
      batchHook(name, ({ pids, isAll }) => void told.push(`${name} ${pids} ${isAll}`)),
    ),
  });
  const tree = await makeTree({ processes: [{ pid: 10 }, { pid: 11 }] });
  expect(await dump(tree, { plugins: [batch], order })).toMatchObject({ ok: true });
  expect(told).toEqual(expected);
});

test('work for later is awaited before processes resume', async () => {
  const notes: string[] = [];
  const plugin = definePlugin({
    name: 'slow',
    hooks: [
      hook('POST_FORKING', () => later(new Promise((done) => setImmediate(done)).then(() => void notes.push('work')))),
      hook('RESUME_DEVICES_LATE', () => void notes.push('resume')),
    ],
  });
  const report = await restore(await dump(await makeTree({}), [plugin]), [plugin]);
  expect(report.ok).toBe(true);
  expect(notes).toEqual(['work', 'resume']);
});
