import { openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { arena, closeFd, syscall } from '@criujs/linux';
import { batchHook, definePlugin, hook, notSupported, type Plugin } from '@criujs/plugin-sdk';
import { buildNative } from '@criujs/wire';
import { describe, expect, onTestFinished } from 'vitest';
import { criuMissing } from '../../core/test/harness/machine.ts';
import { treeOf } from '../../core/test/harness/processes.ts';
import { descriptors, fuse, test } from './harness/rig.ts';

const missing = criuMissing();

describe.skipIf(missing)(missing ?? 'hooks under the real CRIU', () => {
  test('external files are the ones they were, with flags; nothing leaks on either side', async ({ rig }) => {
    const holder = await rig.start(['files', '/dev/fuse', '5']);
    const before = descriptors().length;
    const dumped = await rig.dump(holder.pid, { plugins: [fuse] });
    expect(dumped).toMatchObject({ code: 0, failures: [], exitErrors: [], claimed: ['fuse-keeper'] });
    expect(dumped.records.externals).toHaveLength(5);
    expect(dumped.records.externals[1]?.file).toMatchObject({
      path: '/dev/fuse',
      kind: 'character',
      rdev: { major: 10, minor: 229 },
      flags: 0o104002,
      position: 0,
      owner: null,
      provider: { name: 'fuse-keeper', version: '1.0.0' },
    });
    const restored = await rig.restore({ plugins: [fuse] });
    expect(restored, restored.log).toMatchObject({ code: 0, failures: [], exitErrors: [], claimed: ['fuse-keeper'] });
    expect(await holder.tell()).toBe(holder.before);
    expect(descriptors()).toHaveLength(before);
    expect(readdirSync(rig.images).filter((name) => name.startsWith('.criujs'))).toEqual([]);
  });

  test('200 processes with 5 external files each get every descriptor back', { timeout: 300_000 }, async ({ rig }) => {
    const holder = await rig.start(['tree', '/dev/fuse', '5', '200']);
    const pids = treeOf(holder.pid);
    expect(pids).toHaveLength(200);
    const before = new Map<number, string>();
    for (const pid of pids) before.set(pid, await holder.tell(pid));
    const dumped = await rig.dump(holder.pid, { plugins: [fuse] });
    expect(dumped).toMatchObject({ code: 0, failures: [] });
    expect(dumped.records.externals).toHaveLength(1000);
    const open = descriptors().length;
    const restored = await rig.restore({ plugins: [fuse] });
    expect(restored, restored.log.slice(-3000)).toMatchObject({ code: 0, failures: [] });
    for (const pid of pids) expect(await holder.tell(pid), `process ${pid}`).toBe(before.get(pid));
    expect(descriptors()).toHaveLength(open);
  });

  test('a plugin that must be asked before any file is', async ({ rig }) => {
    const order: string[] = [];
    const careful = definePlugin({
      name: 'careful',
      hooks: [
        hook('DUMP_EXT_FILE', ({ id }, { image }) => image.writeJson(`file-${id}`, { number: id })),
        hook('RESTORE_EXT_FILE', async ({ id, file }, { image }) => {
          order.push(`file ${id}`);
          expect(await image.readJson(`file-${id}`)).toEqual({ number: id });
          return openSync('/dev/fuse', file.flags & 3);
        }),
        hook('RESTORE_EXT_MOUNT', () => notSupported),
        hook('RESUME_DEVICES_LATE', ({ pid }) => void order.push(`late ${pid}`)),
      ],
    });
    const holder = await rig.start(['files', '/dev/fuse', '3']);
    expect(await rig.dump(holder.pid, { plugins: [careful] })).toMatchObject({ code: 0, failures: [] });
    expect(await rig.restore({ plugins: [careful] })).toMatchObject({ code: 0, failures: [] });
    expect(await holder.tell()).toBe(holder.before);
    expect(order.slice(0, 3).toSorted()).toEqual(order.slice(0, 3));
    expect(order).toHaveLength(4);
    expect(order[3]).toBe(`late ${holder.pid}`);
  });

  test('a batch is told of one process at a time: CRIU knows no more', async ({ rig }) => {
    const told: string[] = [];
    const names = ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'RESUME_DEVICES_LATE'] as const;
    const batch = definePlugin({
      name: 'batch',
      hooks: names.map((name) => batchHook(name, ({ pids, isAll }) => void told.push(`${name} ${pids} ${isAll}`))),
    });
    const holder = await rig.start(['tree', '/dev/null', '1', '2']);
    const pids = treeOf(holder.pid);
    expect(pids).toHaveLength(2);
    expect(await rig.dump(holder.pid, { plugins: [batch] })).toMatchObject({ code: 0, failures: [] });
    expect(await rig.restore({ plugins: [batch] })).toMatchObject({ code: 0, failures: [] });
    expect(told).toEqual(names.flatMap((name) => pids.map((pid) => `${name} ${pid} false`)));
  });

  test('a unix socket is connected again, and goes on', async ({ rig }) => {
    const path = join(rig.directory, 'service');
    const service = createServer((peer) =>
      peer.on('data', (data) => peer.write(`you said ${data}`)).on('error', () => {}),
    );
    await new Promise<void>((resolve) => service.listen(path, resolve));
    onTestFinished(() => void service.close());
    const seen: unknown[] = [];
    const sockets = definePlugin({
      name: 'sockets',
      version: '2.0.0',
      hooks: [
        hook('DUMP_UNIX_SK', ({ socket }) => {
          seen.push(socket);
          return socket.peerName === path ? undefined : notSupported;
        }),
        hook('RESTORE_UNIX_SK', ({ socket }) => {
          seen.push(socket);
          return connect(String(socket.peerName));
        }),
      ],
    });
    const holder = await rig.start(['socket', path]);
    expect(holder.before).toContain('socket you said ping');
    const dumped = await rig.dump(holder.pid, { plugins: [sockets], args: ['--ext-unix-sk'] });
    expect(dumped, dumped.log.slice(-3000)).toMatchObject({ code: 0, failures: [], claimed: ['sockets'] });
    const restored = await rig.restore({ plugins: [sockets], args: ['--ext-unix-sk'] });
    expect(restored, restored.log.slice(-3000)).toMatchObject({ code: 0, failures: [], claimed: ['sockets'] });
    expect(await holder.tell()).toBe(holder.before);
    const info = { type: 'stream', name: null, peerName: path, state: 'connected', flags: 2, holders: [] };
    expect(seen).toEqual([info, info]);
  });

  test('observers are told, and let the plugins after them hear as well', async ({ rig }) => {
    const told: string[] = [];
    const names = ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'RESUME_DEVICES_LATE'] as const;
    const observer = (name: string): Plugin =>
      definePlugin({
        name,
        hooks: names.map((it) => hook(it, ({ pid }) => void told.push(`${name} ${it} ${pid}`))),
      });
    const holder = await rig.start(['wait']);
    const source = new URL('./native/observer.c', import.meta.url);
    const native = await buildNative({ source, kind: 'library' });
    const plugins = [observer('first'), observer('second')];
    const options = { plugins, nativePlugins: [native], env: { OBSERVER: join(rig.directory, 'told') } };
    expect(await rig.dump(holder.pid, options)).toMatchObject({ code: 0, failures: [] });
    expect(await rig.restore(options)).toMatchObject({ code: 0, failures: [] });
    expect(told).toEqual(names.flatMap((it) => [`first ${it} ${holder.pid}`, `second ${it} ${holder.pid}`]));
    expect(readFileSync(join(rig.directory, 'told'), 'utf8')).toBe(
      `10 ${holder.pid}\n11 ${holder.pid}\n9 ${holder.pid}\n`,
    );
  });
});

/** A descriptor of its own, connected: Node's sockets keep theirs. */
function connect(path: string): number {
  const fd = syscall('socket', 1, 1 | 0o2000000, 0);
  try {
    arena.scope(() => {
      const address = arena.alloc(110);
      address.view.setUint16(0, 1, true);
      address.bytes.write(path, 2);
      syscall('connect', fd, address.address, address.length);
    });
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
