import { closeSync, openSync } from 'node:fs';
import { createPluginHost, type LogEntry, type PluginHost } from '@criujs/plugin-host';
import {
  fileId,
  type HookArgs,
  type HookName,
  hookTable,
  mountId,
  type OwnedDescriptor,
  pid,
  type Stage,
  socketInode,
} from '@criujs/plugin-sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { adaptModule } from './adapt.ts';
import { camelCase, type OldSymbol, oldSymbols, symbolNames } from './symbols.ts';

// Every old hook through the host, in both spellings, with every kind of answer.

const path = '/opt/criu/old.js';
const socket = { type: 'stream', name: null, peerName: '/run/x', state: 'connected', flags: 2, holders: [] } as const;
const file = {
  path: '/dev/x',
  kind: 'character',
  rdev: { major: 1, minor: 2 },
  inode: 3,
  flags: 0,
  position: 0,
} as const;
const dumped = { ...file, owner: null, holders: [] };
const stat = { mode: 0o20600, device: { major: 0, minor: 5 }, inode: 9, rdev: { major: 226, minor: 0 } };

/** What today's host hands over, and what an old function gets. */
const calls: { readonly [N in HookName]: { readonly args: HookArgs<N>; readonly old: readonly unknown[] } } = {
  DUMP_UNIX_SK: { args: { fd: 7, inode: socketInode(70), socket }, old: [7, 70] },
  RESTORE_UNIX_SK: { args: { inode: socketInode(70), socket }, old: [70] },
  DUMP_EXT_FILE: { args: { fd: 8, id: fileId(80), file: dumped }, old: [8, 80] },
  RESTORE_EXT_FILE: { args: { id: fileId(80), file: { ...dumped, provider: null } }, old: [80, { value: false }] },
  DUMP_EXT_MOUNT: { args: { id: mountId(40), mountpoint: '/mnt' }, old: ['/mnt', 40] },
  RESTORE_EXT_MOUNT: {
    args: { id: mountId(40), mountpoint: '/mnt', oldRoot: '/old' },
    old: [40, '/mnt', '/old', null],
  },
  DUMP_EXT_LINK: { args: { index: 2, type: 1, kind: 'veth' }, old: [2, 1, 'veth'] },
  HANDLE_DEVICE_VMA: { args: { fd: 9, stat }, old: [9, stat] },
  UPDATE_VMA_MAP: {
    args: { path: '/dev/x', address: 0x7000n, oldOffset: 4096n },
    old: ['/dev/x', 0x7000n, 4096n, { value: 4096n }, { value: -1 }],
  },
  RESUME_DEVICES_LATE: { args: { pid: pid(11) }, old: [11] },
  PAUSE_DEVICES: { args: { pid: pid(12) }, old: [12] },
  CHECKPOINT_DEVICES: { args: { pid: pid(13) }, old: [13] },
  POST_FORKING: { args: {}, old: [] },
  RESTORE_INIT: { args: {}, old: [] },
  DUMP_DEVICES_LATE: { args: { pid: pid(14) }, old: [14] },
};

const restoring: readonly HookName[] = ['RESTORE_UNIX_SK', 'RESTORE_EXT_FILE', 'RESTORE_EXT_MOUNT', 'UPDATE_VMA_MAP'];

interface Started {
  readonly host: PluginHost;
  readonly log: readonly LogEntry[];
}

async function start(module: unknown, stage: Stage = 'dump'): Promise<Started> {
  const plugin = adaptModule(module, path);
  if (plugin === undefined) throw new Error('the module was not recognised');
  const log: LogEntry[] = [];
  const host = await createPluginHost({ plugins: [plugin], onLog: (entry) => log.push(entry) });
  await host.start(stage);
  onTestFinished(async () => void (await host.finish({ ok: true })));
  return { host, log };
}

const hooks = symbolNames.flatMap((symbol): [OldSymbol, HookName][] => {
  const hook = oldSymbols[symbol];
  return hook === 'init' || hook === 'exit' ? [] : [[symbol, hook]];
});

async function ask(symbol: string, hook: HookName, answer: (...args: never[]) => unknown): Promise<unknown> {
  const { host } = await start({ [symbol]: answer }, restoring.includes(hook) ? 'restore' : 'dump');
  return host.call(hook, calls[hook].args as never).catch((error: unknown) => error);
}

function opened(): number {
  return openSync('/dev/null', 'r');
}

test('there is a symbol for every hook, and no other', () => {
  expect(hooks.map(([, hook]) => hook)).toEqual(Object.keys(hookTable));
});

describe.each(hooks)('%s', (symbol, hook) => {
  const opens = hook === 'RESTORE_UNIX_SK' || hook === 'RESTORE_EXT_FILE';
  const observes = hookTable[hook].kind === 'observer';
  const accepted = observes ? { claimed: false } : { claimed: true, version: '0.1.0' };

  test.each([symbol, camelCase(symbol)])('as %s gets what C gives, and does its work', async (name) => {
    const got: unknown[][] = [];
    const answered = await ask(name, hook, async (...args: unknown[]) => {
      got.push(structuredClone(args));
      return opens ? opened() : 0;
    });
    expect(answered).toMatchObject(accepted);
    expect(got).toEqual([calls[hook].old]);
    if (!opens) return;
    const { fd, close } = (answered as { result: OwnedDescriptor }).result;
    expect(fd).toBeGreaterThan(2);
    await close();
    expect(() => closeSync(fd)).toThrow('EBADF');
  });

  test('passes on, by -ENOTSUP or an error with that code', async () => {
    const declines = [
      () => -95,
      async () => -95,
      () => {
        throw Object.assign(new Error('not mine'), { code: 'ENOTSUP' });
      },
    ];
    for (const answer of declines) expect(await ask(symbol, hook, answer)).toEqual({ claimed: false });
  });

  test('fails with the name of the error', async () => {
    expect(await ask(symbol, hook, () => -13)).toMatchObject({
      code: 'HOOK_FAILED',
      hook,
      errno: 'EACCES',
      message: expect.stringMatching(new RegExp(`${symbol} of ${path} answered -13 \\(EACCES\\)`)),
      remedy: expect.stringContaining(symbol),
    });
    const thrown = Object.assign(new Error('no such device'), { code: 'ENODEV' });
    const failure = await ask(symbol, hook, async () => Promise.reject(thrown));
    expect(failure).toMatchObject({ code: 'HOOK_FAILED', errno: 'ENODEV', cause: { cause: thrown } });
    expect((failure as Error).message).toContain(`${symbol} of ${path} threw no such device`);
  });

  const bad: readonly unknown[] = [
    undefined,
    null,
    '0',
    0.5,
    true,
    0n,
    {},
    Number.NaN,
    -5000,
    Symbol('x'),
    opens ? 0 : 2,
  ];
  test.each(bad.map((it) => [it]))('may not answer %s', async (answer) => {
    expect(await ask(symbol, hook, () => answer)).toMatchObject({
      code: 'HOOK_FAILED',
      message: expect.stringContaining(`${symbol} of ${path} answered`),
      remedy: expect.stringMatching(/must answer .*negative errno/),
      cause: { code: 'HOOK_BAD_RESULT' },
    });
  });
});

test('a file may wait for others, as CRIU after 4.2 lets it', async () => {
  const later = (_id: number, retryNeeded: { value: boolean }): number => {
    retryNeeded.value = true;
    return 0;
  };
  const answered = await ask('cr_plugin_restore_file', 'RESTORE_EXT_FILE', later as never);
  expect(answered).toMatchObject({ claimed: true, result: Symbol.for('@criujs/retry-later') });
});

test('a changed memory map gives its offset, and a descriptor if it has one', async () => {
  const changed =
    (fd: () => number) =>
    (...[, , old, offset, pluginFd]: [string, bigint, bigint, { value: bigint }, { value: number }]): number => {
      offset.value = old + 8192n;
      pluginFd.value = fd();
      return 1;
    };
  const moved = await ask('cr_plugin_update_vma_map', 'UPDATE_VMA_MAP', changed(() => -1) as never);
  expect(moved).toMatchObject({ claimed: true, result: { offset: 12288n } });
  const answered = await ask('cr_plugin_update_vma_map', 'UPDATE_VMA_MAP', changed(opened) as never);
  const { fd } = (answered as { result: { fd: OwnedDescriptor } }).result;
  await fd.close();
  const same = await ask('crPluginUpdateVmaMap', 'UPDATE_VMA_MAP', () => 0);
  expect(same).toMatchObject({ claimed: true, result: undefined });
});

describe('init and fini', () => {
  test('get nothing, and run once a run; the run says what to change', async () => {
    const seen: unknown[] = [];
    const module = {
      cr_plugin_init: (...args: unknown[]) => seen.push(['init', ...args]) && 0,
      crPluginFini: async (...args: unknown[]) => void seen.push(['fini', ...args]),
      cr_plugin_pause_devices: () => 0,
    };
    const { host, log } = await start(module);
    await host.call('PAUSE_DEVICES', { pid: pid(1) });
    await host.call('PAUSE_DEVICES', { pid: pid(2) });
    expect(await host.finish({ ok: true })).toEqual([]);
    expect(seen).toEqual([['init'], ['fini']]);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ level: 'warn', plugin: expect.stringMatching(/^legacy-old-[0-9a-f]{8}$/) });
    const { plugin, message } = log[0]!;
    for (const part of [
      plugin,
      path,
      'cr_plugin_init → init',
      'cr_plugin_fini → exit',
      "cr_plugin_pause_devices → hook('PAUSE_DEVICES', …)",
      'until version 0.3.0 of @criujs/legacy-compat',
      'docs/guides/from-old-structure.md',
    ])
      expect(message).toContain(part);
    await host.start('restore');
    expect(log, 'another run says it again').toHaveLength(2);
  });

  test.each([
    [-19, /cr_plugin_init of \/opt\/criu\/old.js answered -19 \(ENODEV\)/],
    [-95, /answered -95 \(ENOTSUP\)/],
    [1, /answered 1$/],
    [undefined, /answered undefined$/],
  ])('an init that answers %s fails the run, and fini cleans up', async (answer, message) => {
    let ended = 0;
    const module = {
      cr_plugin_init: () => answer,
      cr_plugin_fini() {
        ended += 1;
      },
    };
    await expect(start(module)).rejects.toMatchObject({
      code: 'PLUGIN_INIT_FAILED',
      message: expect.stringMatching(message),
    });
    expect(ended).toBe(1);
  });

  test('what fini answers is nothing, as in C; what it throws is told', async () => {
    const quiet = await start({ cr_plugin_fini: () => 'whatever' });
    expect(await quiet.host.finish({ ok: true })).toEqual([]);
    const loud = await start({
      cr_plugin_fini() {
        throw new Error('still busy');
      },
    });
    expect(await loud.host.finish({ ok: true })).toMatchObject([{ message: expect.stringContaining('still busy') }]);
  });

  test('functions of one object know it as this', async () => {
    const module = {
      default: {
        open: 5,
        cr_plugin_dump_file() {
          return this.open === 5 ? 0 : -1;
        },
      },
    };
    const { host } = await start(module);
    expect(await host.call('DUMP_EXT_FILE', calls.DUMP_EXT_FILE.args)).toMatchObject({ claimed: true });
  });
});
