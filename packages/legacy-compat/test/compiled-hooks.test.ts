import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { legacyLoader } from '@criujs/legacy-compat';
import { createPluginHost, type LogEntry, type PluginHost, type SectionStore } from '@criujs/plugin-host';
import {
  fileId,
  type HookArgs,
  type HookName,
  hookTable,
  mountId,
  type OwnedDescriptor,
  pid,
  retryLater,
  type Stage,
  socketInode,
} from '@criujs/plugin-sdk';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { criujsCommand } from '../../core/test/harness/engines.ts';
import { childrenOf } from './children.ts';
import { compilePlugin, compilerMissing, temporaryFolder } from './compile.ts';

// Every hook of a compiled plugin, through the host: what it is given in C, and what becomes of its answers.

const socket = { type: 'stream', name: null, peerName: '/run/x', state: 'connected', flags: 2, holders: [] } as const;
const file = {
  path: '/dev/x',
  kind: 'character',
  rdev: { major: 1, minor: 2 },
  inode: 3,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
} as const;
const stat = { mode: 0o20666, device: { major: 0, minor: 5 }, inode: 9, rdev: { major: 1, minor: 5 } };

/** What the host hands over, and what the function in C says that it was given. `fd` is put in. */
const calls: { readonly [N in HookName]: { readonly args: Omit<HookArgs<N>, 'fd'>; readonly given: string } } = {
  DUMP_UNIX_SK: { args: { inode: socketInode(0xffff_fff0), socket }, given: 'dump_unix_sk 1 4294967280' },
  RESTORE_UNIX_SK: { args: { inode: socketInode(70), socket }, given: 'restore_unix_sk 70' },
  DUMP_EXT_FILE: { args: { id: fileId(0x8000_0001), file }, given: 'dump_file 1 0x80000001' },
  RESTORE_EXT_FILE: { args: { id: fileId(80), file: { ...file, provider: null } }, given: 'restore_file 0x50 0' },
  DUMP_EXT_MOUNT: { args: { id: mountId(40), mountpoint: '/mnt/ä b' }, given: 'dump_ext_mount /mnt/ä b 40' },
  RESTORE_EXT_MOUNT: {
    args: { id: mountId(40), mountpoint: '/mnt', oldRoot: '/old' },
    given: 'restore_ext_mount 40 /mnt /old 0',
  },
  DUMP_EXT_LINK: { args: { index: 2, type: 772, kind: 'veth' }, given: 'dump_ext_link 2 772 veth' },
  HANDLE_DEVICE_VMA: { args: { stat }, given: 'handle_device_vma 1 020000 1:5' },
  UPDATE_VMA_MAP: {
    args: { path: '/dev/x', address: 0x7fff_ffff_f000n, oldOffset: 2n ** 40n },
    given: 'update_vma_map /dev/x 0x7ffffffff000 0x10000000000 0x10000000000 -1',
  },
  RESUME_DEVICES_LATE: { args: { pid: pid(11) }, given: 'resume_devices_late 11' },
  PAUSE_DEVICES: { args: { pid: pid(12) }, given: 'pause_devices 12' },
  CHECKPOINT_DEVICES: { args: { pid: pid(13) }, given: 'checkpoint_devices 13' },
  POST_FORKING: { args: {}, given: 'post_forking' },
  RESTORE_INIT: { args: {}, given: 'restore_init' },
  DUMP_DEVICES_LATE: { args: { pid: pid(14) }, given: 'dump_devices_late 14' },
};

const names = Object.keys(calls) as HookName[];
const opening: readonly HookName[] = ['RESTORE_UNIX_SK', 'RESTORE_EXT_FILE'];
const structures = { descriptor: [], functions: ['-DFUNCTIONS'] } as const;

interface Session {
  readonly host: PluginHost;
  said(): string[];
  ask(hook: HookName): Promise<Awaited<ReturnType<PluginHost['call']>>>;
  end(): Promise<void>;
}

/** A run with the plugin, as the environment is now. */
async function session(structure: keyof typeof structures, stage: Stage = 'restore'): Promise<Session> {
  const folder = temporaryFolder();
  const images = join(folder, 'images');
  mkdirSync(images);
  const log: LogEntry[] = [];
  const host = await createPluginHost({
    plugins: [compilePlugin('every-hook', folder, structures[structure])],
    loaders: [legacyLoader()],
    images,
    onLog: (entry) => void log.push(entry),
  });
  await host.start(stage);
  let over = false;
  const end = async (): Promise<void> => {
    if (!over) expect(await host.finish({ ok: true })).toEqual([]);
    over = true;
  };
  onTestFinished(end);
  return {
    host,
    said: () => log.filter(({ level }) => level === 'info').map(({ message }) => message),
    async ask(hook) {
      const fd = openSync('/dev/zero', 'r');
      try {
        return await host.call(hook, { fd, ...calls[hook].args } as never);
      } finally {
        closeSync(fd);
      }
    },
    end,
  };
}

function set(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

async function close(answer: unknown): Promise<string> {
  const { fd, close } = (answer as { result: OwnedDescriptor }).result;
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  await close();
  return path;
}

describe.skipIf(compilerMissing)(`compiled plugins${compilerMissing === null ? '' : ` (${compilerMissing})`}`, () => {
  describe.each(Object.keys(structures) as (keyof typeof structures)[])('with %s', (structure) => {
    test('show their name, version and hooks, and are told the stage', async () => {
      const { host, said, end } = await session(structure);
      const version = structure === 'descriptor' ? '0.2.0' : '0.1.0';
      const name = structure === 'descriptor' ? 'every-hook' : expect.stringMatching(/^legacy-every-hook-[0-9a-f]{8}$/);
      expect(host.plugins).toMatchObject([{ name, version, hooks: Object.keys(hookTable) }]);
      await end();
      const life = structure === 'descriptor' ? ['init 2', 'exit 2 0'] : ['init', 'fini'];
      expect(said()).toEqual(life);
    });

    test('are given what C gives, in every hook, and their success is one', async () => {
      const open = (): number => readdirSync('/proc/self/fd').length;
      const { said, ask } = await session(structure);
      const before = open();
      for (const name of names) {
        const answer = await ask(name);
        expect(answer.claimed, name).toBe(hookTable[name].kind === 'handler');
        if (opening.includes(name)) expect(await close(answer)).toBe('/dev/full');
        expect(said().at(-1)).toBe(calls[name].given);
      }
      expect(open(), 'no descriptor is left').toBe(before);
    });

    test('pass on with -ENOTSUP, and fail with the name of the error', async () => {
      set({ ANSWER: '-95' });
      const declining = await session(structure);
      for (const name of names) expect(await declining.ask(name), name).toEqual({ claimed: false });
      await declining.end();
      set({ ANSWER: '-13' });
      const failing = await session(structure);
      for (const name of names) {
        await expect(failing.ask(name), name).rejects.toMatchObject({
          code: 'HOOK_FAILED',
          errno: 'EACCES',
          message: expect.stringMatching(/every-hook\.so answered -13 \(EACCES\)$/),
        });
      }
    });

    test.each(['2', '5'])('may not answer %s anywhere', async (answer) => {
      set({ ANSWER: answer });
      const { ask } = await session(structure);
      // 5 is a descriptor of nobody where one is meant.
      for (const name of names) {
        await expect(ask(name), name).rejects.toMatchObject({
          code: 'HOOK_FAILED',
          message: expect.stringMatching(new RegExp(`every-hook\\.so answered ${answer}`)),
          remedy: expect.stringContaining('must answer'),
          cause: { code: 'HOOK_BAD_RESULT' },
        });
      }
    });

    test('say that a file has to wait for others', async () => {
      set({ RETRY: '1' });
      const { ask } = await session(structure);
      expect(await ask('RESTORE_EXT_FILE')).toMatchObject({ claimed: true, result: retryLater });
    });

    test('say what a memory map is made from', async () => {
      set({ ANSWER: '1' });
      const { ask, end } = await session(structure);
      expect(await ask('UPDATE_VMA_MAP')).toMatchObject({ claimed: true, result: { offset: 2n ** 40n + 0x2000n } });
      await end();
      set({ OPENS: '1' });
      const opens = await session(structure);
      const { result } = (await opens.ask('UPDATE_VMA_MAP')) as unknown as { result: { fd: OwnedDescriptor } };
      expect(await close({ result: result.fd })).toBe('/dev/full');
    });
  });

  test('are asked one after the other, however many ask', async () => {
    const { said, host } = await session('descriptor');
    const ids = Array.from({ length: 200 }, (_, id) => id);
    const args = { file: { ...file, provider: null } };
    const answers = await Promise.all(ids.map((id) => host.call('RESTORE_EXT_FILE', { id: fileId(id), ...args })));
    const fds = answers.map((answer) => (answer as unknown as { result: OwnedDescriptor }).result.fd);
    expect(new Set(fds).size).toBe(ids.length);
    for (const answer of answers) await close(answer);
    expect(said().filter((line) => line.startsWith('restore_file'))).toHaveLength(ids.length);
  });

  test('are loaded in a process of their own, where only that tells which hooks they have', async () => {
    set({ HOOKS: 'kl' });
    const path = compilePlugin('hooks-by-chance', temporaryFolder());
    const host = await createPluginHost({ plugins: [path], loaders: [legacyLoader()] });
    expect(host.plugins).toMatchObject([{ name: 'hooks-by-chance', hooks: ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES'] }]);
    expect(childrenOf(process.pid)).toEqual([]);
    // As CRIU does: a hook that is not there any more is not called.
    set({ HOOKS: 'k' });
    await host.start('dump');
    for (const hook of ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES'] as const) await host.call(hook, { pid: pid(1) });
    expect(await host.finish({ ok: true })).toEqual([]);
  });

  test('get no directory where the images are in a store, and the log says so', async () => {
    const log: LogEntry[] = [];
    const parts = new Map<string, Uint8Array>();
    const images: SectionStore = {
      write: async (plugin, name, data) => void parts.set(`${plugin}/${name}`, data as Uint8Array),
      read: async (plugin, name) => parts.get(`${plugin}/${name}`) ?? new Uint8Array(),
      async *stream() {},
      names: async () => [...parts.keys()],
    };
    const path = compilePlugin('ext-file', temporaryFolder());
    const host = await createPluginHost({
      plugins: [path],
      loaders: [legacyLoader()],
      images,
      onLog: (it) => void log.push(it),
    });
    await host.start('dump');
    const fd = openSync('/dev/zero', 'r');
    const asked = host.call('DUMP_EXT_FILE', { fd, id: fileId(1), file });
    await expect(asked).rejects.toMatchObject({ errno: 'EBADF' });
    closeSync(fd);
    expect(await host.finish({ ok: true })).toEqual([]);
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('images are in a store') }),
    );
  });

  test('may be packages, which `criujs plugin list` tells', async () => {
    const folder = temporaryFolder();
    for (const [name, flags] of [
      ['trivial', []],
      ['old-file', []],
      ['too-many-hooks', []],
    ] as const) {
      const modules = join(folder, 'node_modules', `criu-plugin-${name}`);
      compilePlugin(name, modules, flags);
      const manifest = { name: `criu-plugin-${name}`, exports: `./${name}.so`, keywords: ['criu-plugin'] };
      writeFileSync(join(modules, 'package.json'), JSON.stringify(manifest));
    }
    const { code, stdout } = await criujsCommand(['plugin', 'list', '--json'], { cwd: folder });
    expect(code).toBe(0);
    const { plugins } = JSON.parse(stdout) as { plugins: unknown[] };
    expect(plugins).toMatchObject([
      { plugin: { name: null, structure: 'functions', hooks: ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'] } },
      { plugin: {}, error: { code: 'PLUGIN_INVALID', message: expect.stringContaining('99 hooks') } },
      { plugin: { name: 'trivial', version: '0.2.0', hooks: expect.arrayContaining(['PAUSE_DEVICES']) } },
    ]);
  });

  test('have descriptors of before CRIU 2.0 told their own stages', async () => {
    const folder = temporaryFolder();
    const path = compilePlugin('every-hook', folder);
    const told = async (stage: Stage): Promise<string[]> => {
      const log: string[] = [];
      const host = await createPluginHost({
        plugins: [path],
        loaders: [legacyLoader({ restoreStage: 1 })],
        onLog: ({ message }) => void log.push(message),
      });
      await host.start(stage);
      await host.call('PAUSE_DEVICES', { pid: pid(1) });
      expect(await host.finish({ ok: true })).toEqual([]);
      return log;
    };
    expect(await told('dump')).toEqual(['init 0', 'pause_devices 1', 'exit 0 0']);
    expect(await told('pre-dump')).toEqual(['pause_devices 1']);
    expect(await told('restore')).toEqual(['init 1', 'pause_devices 1', 'exit 1 0']);
  });
});
