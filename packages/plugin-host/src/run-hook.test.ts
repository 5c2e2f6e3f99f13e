import { fstatSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import {
  definePlugin,
  type HookArgs,
  type HookName,
  hook,
  hookTable,
  isHookName,
  type Plugin,
  PluginError,
  pid,
  retryLater,
} from '@criujs/plugin-sdk';
import { afterEach, expect, test, vi } from 'vitest';
import { createPluginHost, type HookAnswer, type HostError, type PluginHost, type PluginHostOptions } from './index.ts';

const hosts: PluginHost[] = [];
afterEach(async () => {
  for (const it of hosts.splice(0)) await it.finish({ ok: true });
});

type Run = { readonly host: PluginHost; call<N extends HookName>(name: N, args?: unknown): Promise<HookAnswer<N>> };

/** A run with one plugin that has one hook, of whatever shape. */
async function runWith(
  name: HookName,
  handler: (...args: never[]) => unknown,
  options: Partial<PluginHostOptions> = {},
): Promise<Run> {
  const plugin = definePlugin({ name: 'odd', hooks: [{ hook: name, handler } as never] });
  return started([plugin], options);
}

async function started(plugins: readonly Plugin[], options: Partial<PluginHostOptions> = {}): Promise<Run> {
  const host = await createPluginHost({ plugins, ...options });
  hosts.push(host);
  await host.start('restore');
  return {
    host,
    call: (name, args = { id: 7, pid: pid(4), mountpoint: '/mnt', address: 16n }) =>
      host.call(name, args as HookArgs<typeof name>),
  };
}

async function errorOf(call: Promise<unknown>): Promise<HostError> {
  return call.then(
    () => expect.unreachable('the call should have failed'),
    (error: HostError) => error,
  );
}

const hang = (): Promise<never> => new Promise(() => {});

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

const fighting = Object.defineProperty(new Error('x'), 'message', {
  get() {
    throw new Error('you shall not look');
  },
});

test.each([
  ['an error', new Error('no luck'), 'failed: no luck'],
  ['an error of another kind', new TypeError('no luck'), 'failed: no luck'],
  ['an error without words', Object.assign(new TypeError('x'), { message: '' }), 'failed: TypeError'],
  ['a text', 'no luck', "failed: threw 'no luck'"],
  ['nothing', undefined, 'failed: threw undefined'],
  ['null', null, 'failed: threw null'],
  ['an object', { code: 7 }, 'failed: threw { code: 7 }'],
  ['an error that cannot be read', fighting, 'failed: threw a value that cannot be shown'],
  ['a proxy that is gone', goneProxy(), 'failed: threw'],
])('a hook that throws %s', async (_, thrown, message) => {
  const { call } = await runWith('DUMP_EXT_FILE', () => Promise.reject(thrown));
  const error = await errorOf(call('DUMP_EXT_FILE'));
  expect(error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'odd', hook: 'DUMP_EXT_FILE', resource: 'file 7' });
  expect(error.message).toContain(`plugin odd: DUMP_EXT_FILE of file 7 ${message}`);
  expect(error.remedy).toBeTruthy();
});

test('a hook that throws at once', async () => {
  const { call } = await runWith('DUMP_EXT_FILE', () => {
    throw new Error('no luck');
  });
  expect(await errorOf(call('DUMP_EXT_FILE'))).toMatchObject({ code: 'HOOK_FAILED', plugin: 'odd' });
});

function goneProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test('the remedy and errno of a PluginError are handed on, its cause is kept', async () => {
  const thrown = new PluginError('no such device', { errno: 'ENODEV', remedy: 'Load the kvm module.' });
  const { call } = await runWith('DUMP_EXT_FILE', () => Promise.reject(thrown));
  expect(await errorOf(call('DUMP_EXT_FILE'))).toMatchObject({
    errno: 'ENODEV',
    remedy: 'Load the kvm module.',
    cause: thrown,
  });
});

test('the errno of a failed system call is its name', async () => {
  const { call } = await runWith('RESTORE_EXT_FILE', () => openSync('/nothing/at/all', 'r'));
  expect(await errorOf(call('RESTORE_EXT_FILE'))).toMatchObject({ errno: 'ENOENT' });
});

test.each<[HookName, unknown]>([
  ['DUMP_EXT_FILE', null],
  ['DUMP_EXT_FILE', 0],
  ['DUMP_EXT_FILE', true],
  ['DUMP_EXT_FILE', retryLater],
  ['DUMP_UNIX_SK', 1],
  ['DUMP_EXT_MOUNT', 'yes'],
  ['RESTORE_EXT_MOUNT', {}],
  ['RESTORE_EXT_MOUNT', '/srv'],
  ['RESTORE_EXT_MOUNT', { source: 'srv' }],
  ['RESTORE_EXT_MOUNT', { source: '/srv\0' }],
  ['DUMP_EXT_LINK', -95],
  ['RESTORE_EXT_FILE', undefined],
  ['RESTORE_EXT_FILE', null],
  ['RESTORE_EXT_FILE', -1],
  ['RESTORE_EXT_FILE', 0],
  ['RESTORE_EXT_FILE', 7.5],
  ['RESTORE_EXT_FILE', Number.NaN],
  ['RESTORE_EXT_FILE', 2 ** 40],
  ['RESTORE_EXT_FILE', 1_000_000],
  ['RESTORE_EXT_FILE', '7'],
  ['RESTORE_EXT_FILE', 7n],
  ['RESTORE_EXT_FILE', { fd: 0 }],
  ['RESTORE_EXT_FILE', { fd: '0', close() {} }],
  ['RESTORE_EXT_FILE', { fd: 1_000_000, close() {} }],
  ['RESTORE_UNIX_SK', retryLater],
  ['UPDATE_VMA_MAP', {}],
  ['UPDATE_VMA_MAP', { offset: -1n }],
  ['UPDATE_VMA_MAP', { offset: 0.5 }],
  ['UPDATE_VMA_MAP', { offset: 0, fd: -1 }],
  ['UPDATE_VMA_MAP', 4096],
  ['PAUSE_DEVICES', 0],
  ['PAUSE_DEVICES', Symbol.for('@criujs/not-supported')],
])('%s that answers %o', async (name, answer) => {
  const { call } = await runWith(name, () => answer);
  const error = await errorOf(call(name));
  expect(error).toMatchObject({ code: 'HOOK_BAD_RESULT', plugin: 'odd', hook: name, remedy: expect.any(String) });
  expect(error.message).toContain('answered ');
});

const declined = /^-95 is -ENOTSUP.* return notSupported of @criujs\/plugin-sdk instead\. The hook must answer/;
const claimed = /^With 0 a hook in C reports success: here return nothing, which claims the resource\./;
const failedInC = /^With -5 a hook in C fails: throw instead, for example a PluginError/;

test.each<[HookName, unknown, RegExp]>([
  ['DUMP_UNIX_SK', -95, declined],
  ['DUMP_EXT_FILE', -95, declined],
  ['DUMP_EXT_MOUNT', -95, declined],
  ['DUMP_EXT_LINK', -95, declined],
  ['HANDLE_DEVICE_VMA', -95, declined],
  ['RESTORE_EXT_MOUNT', -95, declined],
  ['UPDATE_VMA_MAP', -95, declined],
  ['RESTORE_UNIX_SK', -95, declined],
  ['RESTORE_EXT_FILE', -95, declined],
  ['DUMP_UNIX_SK', 0, claimed],
  ['DUMP_EXT_FILE', 0, claimed],
  ['DUMP_EXT_MOUNT', 0, claimed],
  ['DUMP_EXT_LINK', 0, claimed],
  ['HANDLE_DEVICE_VMA', 0, claimed],
  ['RESTORE_EXT_MOUNT', 0, /here return nothing if the plugin has mounted it itself, or \{ source \}/],
  ['UPDATE_VMA_MAP', 0, /here return nothing, which leaves the map unchanged\./],
  ['DUMP_EXT_FILE', -5, failedInC],
  ['RESTORE_EXT_FILE', -5, failedInC],
  ['RESTORE_EXT_FILE', 0, /^The hook must answer a descriptor that the plugin opened/],
  ['DUMP_EXT_FILE', 'yes', /^The hook must answer nothing \(undefined\), or throw\.$/],
])('a hook ported from C: the remedy for %s that answers %o', async (name, answer, remedy) => {
  const { call } = await runWith(name, () => answer);
  expect(await errorOf(call(name))).toMatchObject({
    code: 'HOOK_BAD_RESULT',
    remedy: expect.stringMatching(remedy),
  });
});

const observers = Object.keys(hookTable)
  .filter(isHookName)
  .filter((it) => hookTable[it].kind === 'observer');

test.each(observers)('an observer ported from C: the remedies of %s', async (name) => {
  const remedyFor = async (answer: number): Promise<string | undefined> => {
    const { call } = await runWith(name, () => answer);
    return (await errorOf(call(name))).remedy;
  };
  expect(await remedyFor(-95)).toContain('This one cannot decline, because every plugin is told: return nothing.');
  expect(await remedyFor(0)).toContain('With 0 a hook in C reports success: here return nothing.');
  expect(await remedyFor(-5)).toMatch(failedInC);
});

test('an answer that throws when it is looked at', async () => {
  const answer = {
    get fd(): number {
      throw new Error('no');
    },
  };
  const { call } = await runWith('RESTORE_EXT_FILE', () => answer);
  expect(await errorOf(call('RESTORE_EXT_FILE'))).toMatchObject({ code: 'HOOK_FAILED', plugin: 'odd' });
});

test('a number is closed by the host once, an object by its own close', async () => {
  let fd = -1;
  const { call } = await runWith('RESTORE_EXT_FILE', () => {
    fd = openSync(devNull, 'r');
    return fd;
  });
  const answer = await call('RESTORE_EXT_FILE');
  const opened = (answer.claimed && answer.result) as { fd: number; close(): Promise<void> };
  expect(opened.fd).toBe(fd);
  expect(isOpen(fd)).toBe(true);
  await opened.close();
  await opened.close();
  expect(isOpen(fd)).toBe(false);

  const close = vi.fn();
  const other = await runWith('RESTORE_UNIX_SK', async () => ({ fd: openSync(devNull, 'r'), close }));
  const second = await other.call('RESTORE_UNIX_SK');
  const owned = (second.claimed && second.result) as { close(): Promise<void> };
  await Promise.all([owned.close(), owned.close()]);
  expect(close).toHaveBeenCalledOnce();
});

test('a close that throws or hangs is an error of the plugin', async () => {
  const closes = [boomLater, hang];
  for (const close of closes) {
    const { call } = await runWith('RESTORE_EXT_FILE', () => ({ fd: openSync(devNull, 'r'), close }), { deadline: 20 });
    const answer = await call('RESTORE_EXT_FILE');
    const error = await errorOf(((answer.claimed && answer.result) as { close(): Promise<void> }).close());
    expect(error).toMatchObject({
      code: close === hang ? 'HOOK_TIMEOUT' : 'HOOK_FAILED',
      plugin: 'odd',
      resource: 'file 7',
    });
  }
});

async function boomLater(): Promise<never> {
  throw new Error('boom');
}

test('retryLater and a new place for a memory map go through', async () => {
  const later = await runWith('RESTORE_EXT_FILE', () => retryLater);
  expect(await later.call('RESTORE_EXT_FILE')).toMatchObject({ claimed: true, result: retryLater });
  const moved = await runWith('UPDATE_VMA_MAP', () => ({ offset: 4096n }));
  expect(await moved.call('UPDATE_VMA_MAP')).toMatchObject({ claimed: true, result: { offset: 4096n } });
  const mount = await runWith('RESTORE_EXT_MOUNT', () => ({ source: '/srv', more: 1 }));
  expect(await mount.call('RESTORE_EXT_MOUNT')).toMatchObject({ claimed: true, result: { source: '/srv' } });
  const same = await runWith('UPDATE_VMA_MAP', () => undefined);
  expect(await same.call('UPDATE_VMA_MAP')).toMatchObject({ claimed: true, result: undefined });
});

test('a hook that hangs is given up at the deadline, and its signal is aborted', async () => {
  let signal: AbortSignal | undefined;
  const { call } = await runWith(
    'DUMP_EXT_FILE',
    (...[, context]: never[]) => {
      signal = (context as unknown as { signal: AbortSignal }).signal;
      return hang();
    },
    { deadline: 20 },
  );
  const error = await errorOf(call('DUMP_EXT_FILE'));
  expect(error).toMatchObject({
    code: 'HOOK_TIMEOUT',
    plugin: 'odd',
    resource: 'file 7',
    message: expect.stringContaining('20 ms'),
  });
  expect(signal?.aborted).toBe(true);
  expect(signal?.reason).toBe(error);
});

test('a deadline may be without end, not without length', async () => {
  const { call } = await runWith('DUMP_EXT_FILE', () => new Promise((resolve) => setTimeout(resolve, 5)), {
    deadline: Number.POSITIVE_INFINITY,
  });
  expect(await call('DUMP_EXT_FILE')).toMatchObject({ claimed: true });
  for (const deadline of [0, -1, Number.NaN]) {
    await expect(createPluginHost({ plugins: [], deadline })).rejects.toThrow(RangeError);
  }
});

test('an init and an exit that hang are given up, too', async () => {
  const init = await createPluginHost({ plugins: [definePlugin({ name: 'a', init: hang, hooks: [] })], deadline: 20 });
  expect(await errorOf(init.start('dump'))).toMatchObject({ code: 'HOOK_TIMEOUT', hook: 'init' });
  const exit = await createPluginHost({ plugins: [definePlugin({ name: 'a', exit: hang, hooks: [] })], deadline: 20 });
  await exit.start('dump');
  expect(await exit.finish({ ok: true })).toMatchObject([{ code: 'HOOK_TIMEOUT', hook: 'exit' }]);
});

test('what is answered too late is closed: a number by the host, an object by itself', async () => {
  let answer: (value: unknown) => void = () => {};
  const { call } = await runWith(
    'RESTORE_EXT_FILE',
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    { deadline: 10 },
  );
  expect(await errorOf(call('RESTORE_EXT_FILE'))).toMatchObject({ code: 'HOOK_TIMEOUT' });
  const fd = openSync(devNull, 'r');
  answer(fd);
  await vi.waitFor(() => expect(isOpen(fd)).toBe(false), 60_000);

  const close = vi.fn();
  expect(await errorOf(call('RESTORE_EXT_FILE'))).toMatchObject({ code: 'HOOK_TIMEOUT' });
  answer({ fd: openSync(devNull, 'r'), close });
  await vi.waitFor(() => expect(close).toHaveBeenCalledOnce(), 60_000);
});

test('the descriptor of a late new place for a memory map is closed', async () => {
  let answer: (value: unknown) => void = () => {};
  const { call } = await runWith(
    'UPDATE_VMA_MAP',
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    { deadline: 10 },
  );
  expect(await errorOf(call('UPDATE_VMA_MAP'))).toMatchObject({ code: 'HOOK_TIMEOUT' });
  const fd = openSync(devNull, 'r');
  answer({ offset: 0, fd });
  await vi.waitFor(() => expect(isOpen(fd)).toBe(false), 60_000);
});

test('late nonsense and late rejections hurt nobody', async () => {
  const { call, host } = await runWith('RESTORE_EXT_FILE', () => late, { deadline: 10 });
  let settle: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  let late = new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
  await errorOf(call('RESTORE_EXT_FILE'));
  settle?.reject(new Error('late'));
  late = new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
  await errorOf(call('RESTORE_EXT_FILE'));
  settle?.resolve('nonsense');
  expect(await host.finish({ ok: true })).toEqual([]);
});

test('aborting the run in the middle of a hook that answers at once ends that call, too, and frees its answer', async () => {
  const controller = new AbortController();
  let given = -1;
  const handler = (): number => {
    given = openSync(devNull, 'r');
    controller.abort(new Error('Ctrl-C'));
    return given;
  };
  const { call } = await runWith('RESTORE_EXT_FILE', handler, { signal: controller.signal });
  expect(await errorOf(call('RESTORE_EXT_FILE'))).toMatchObject({ code: 'ABORTED', hook: 'RESTORE_EXT_FILE' });
  await vi.waitFor(() => expect(isOpen(given)).toBe(false), 60_000);
});

test('a hook that answers at once and looks at its signal later finds it as it is', async () => {
  let look = (): boolean => true;
  const handler = (_: unknown, context: { readonly signal: AbortSignal }): void => {
    look = () => context.signal.aborted;
  };
  const { call } = await runWith('DUMP_EXT_FILE', handler as never);
  await call('DUMP_EXT_FILE');
  expect(look()).toBe(false);
  const { call: fails } = await runWith('DUMP_EXT_FILE', ((_: unknown, context: { readonly signal: AbortSignal }) => {
    look = () => context.signal.aborted;
    throw new Error('no');
  }) as never);
  await errorOf(fails('DUMP_EXT_FILE'));
  expect(look()).toBe(true);
});

test('aborting the run ends the call that waits and all later ones, but not exit', async () => {
  const notes: string[] = [];
  const controller = new AbortController();
  const plugin = definePlugin({
    name: 'odd',
    hooks: [
      hook('DUMP_EXT_FILE', (_, { signal }) => {
        signal.onabort = () => notes.push('told');
        return hang();
      }),
      hook('PAUSE_DEVICES', () => void notes.push('called')),
    ],
    exit: (_, __, { signal }) => void notes.push(`exit ${signal.aborted}`),
  });
  const { call, host } = await started([plugin], { signal: controller.signal });
  const waiting = errorOf(call('DUMP_EXT_FILE'));
  controller.abort(new Error('Ctrl-C'));
  expect(await waiting).toMatchObject({ code: 'ABORTED', plugin: 'odd', cause: { message: 'Ctrl-C' } });
  expect(await errorOf(call('PAUSE_DEVICES'))).toMatchObject({ code: 'ABORTED' });
  expect(await host.finish({ ok: true })).toEqual([]);
  expect(notes).toEqual(['told', 'exit false']);
});

test('a call that waits when the run is finished fails', async () => {
  const { call, host } = await runWith('DUMP_EXT_FILE', hang);
  const waiting = errorOf(call('DUMP_EXT_FILE'));
  await host.finish({ ok: true });
  expect(await waiting).toMatchObject({ code: 'HOST_STATE' });
});
