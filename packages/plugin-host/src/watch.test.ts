import { AsyncResource } from 'node:async_hooks';
import { definePlugin, type HookHandler, hook, type Plugin, pid } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginHost, type HostError, type PluginHost } from './index.ts';

// The test runner listens to what these tests provoke; here the host is alone, as in a program.
const events = ['uncaughtException', 'unhandledRejection'] as const;
const others = new Map<string, NodeJS.UncaughtExceptionListener[]>();
const endings = { exit: process.exit, abort: process.abort };

beforeEach(() => {
  for (const event of events) {
    others.set(event, process.listeners(event as 'uncaughtException'));
    process.removeAllListeners(event);
  }
});

const hosts: PluginHost[] = [];
afterEach(async () => {
  for (const it of hosts.splice(0)) await it.finish({ ok: true });
  expect({ exit: process.exit, abort: process.abort }).toEqual(endings);
  for (const event of events) {
    expect(process.listenerCount(event)).toBe(0);
    for (const it of others.get(event) ?? []) process.on(event, it);
  }
});

async function start(...plugins: Plugin[]): Promise<PluginHost> {
  const host = await createPluginHost({ plugins, deadline: 2_000 });
  hosts.push(host);
  await host.start('dump');
  return host;
}

const pausing = (name: string, handler: HookHandler<'PAUSE_DEVICES'>): Plugin =>
  definePlugin({ name, hooks: [hook('PAUSE_DEVICES', handler)] });
const pause = (host: PluginHost): Promise<unknown> => host.call('PAUSE_DEVICES', { pid: pid(9) });

async function errorOf(call: Promise<unknown>): Promise<HostError> {
  return call.then(
    () => expect.unreachable('the call should have failed'),
    (error: HostError) => error,
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each([
  ['exit', () => process.exit(3), 'process.exit(3)'],
  ['exit without a code', () => process.exit(), 'process.exit()'],
  [
    'reallyExit',
    () => (process as unknown as { reallyExit(code: number): void }).reallyExit(4),
    'process.reallyExit(4)',
  ],
  ['abort', () => process.abort(), 'process.abort()'],
])('a hook that calls %s', async (_, end, words) => {
  const host = await start(pausing('quitter', end));
  expect(await errorOf(pause(host))).toMatchObject({
    code: 'PLUGIN_EXITED',
    plugin: 'quitter',
    hook: 'PAUSE_DEVICES',
    resource: 'process 9',
    message: `plugin quitter: PAUSE_DEVICES of process 9 called ${words}`,
  });
});

test.each<[string, HookHandler<'PAUSE_DEVICES'>]>([
  [
    'and catches what comes of it',
    () => {
      try {
        process.exit();
      } catch {}
    },
  ],
  [
    'after an await',
    async () => {
      await turn();
      process.exit();
    },
  ],
  [
    'in a timer that it waits for',
    () =>
      new Promise((resolve) =>
        setTimeout(() => {
          try {
            process.exit();
          } finally {
            resolve();
          }
        }),
      ),
  ],
  [
    'in a promise of its own',
    async () => {
      await Promise.resolve()
        .then(() => process.exit())
        .catch(() => {});
    },
  ],
])('a hook that exits %s', async (_, handler) => {
  const host = await start(pausing('quitter', handler));
  expect(await errorOf(pause(host))).toMatchObject({ code: 'PLUGIN_EXITED' });
});

test('init and exit that end the process', async () => {
  const ending = (name: 'init' | 'exit') => definePlugin({ name: 'quitter', hooks: [], [name]: () => process.exit(1) });
  expect(await errorOf(start(ending('init')))).toMatchObject({ code: 'PLUGIN_EXITED', hook: 'init' });
  const host = await start(ending('exit'));
  expect(await host.finish({ ok: true })).toMatchObject([{ code: 'PLUGIN_EXITED', hook: 'exit' }]);
});

test('calls of others go through while plugins run, and after', async () => {
  const calls: unknown[] = [];
  process.exit = ((code: unknown) => void calls.push(code)) as never;
  try {
    let release = (): void => {};
    const host = await start(
      pausing(
        'a',
        () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
      ),
    );
    const waiting = pause(host);
    process.exit(1);
    release();
    await waiting;
    process.exit(2);
    await host.finish({ ok: true });
    process.exit(3);
    expect(calls).toEqual([1, 2, 3]);
  } finally {
    process.exit = endings.exit;
  }
});

test('somebody who wraps process.exit meanwhile keeps the wrap', async () => {
  const calls: unknown[] = [];
  process.exit = ((code: unknown) => void calls.push(code)) as never;
  try {
    const host = await start(pausing('a', () => {}));
    const inner = process.exit;
    const wrap = ((code: number) => inner(code + 100)) as typeof process.exit;
    process.exit = wrap;
    await host.finish({ ok: true });
    expect(process.exit).toBe(wrap);
    process.exit(1);
    expect(calls).toEqual([101]);
  } finally {
    process.exit = endings.exit;
  }
});

test('two hosts watch together; the last one takes the watch away', async () => {
  const a = await start(pausing('a', () => process.exit()));
  const b = await start(pausing('b', () => process.exit()));
  await a.finish({ ok: true });
  expect(await errorOf(pause(b))).toMatchObject({ code: 'PLUGIN_EXITED', plugin: 'b' });
});

test.each<[string, () => void]>([
  [
    'a timer that throws',
    () =>
      setTimeout(() => {
        throw new Error('later');
      }),
  ],
  ['a rejection that nobody handles', () => void Promise.reject(new Error('later'))],
  [
    'a next tick that throws',
    () =>
      process.nextTick(() => {
        throw new Error('later');
      }),
  ],
])('%s while the hook still runs fails that hook', async (_, begin) => {
  const host = await start(
    pausing('sloppy', async () => {
      begin();
      await new Promise(() => {});
    }),
  );
  const error = await errorOf(pause(host));
  expect(error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'sloppy', hook: 'PAUSE_DEVICES', resource: 'process 9' });
  expect(error.message).toMatch(/failed: threw later, where nothing could catch it: later$/);
});

test('what it throws after its answer fails the next call, of whatever plugin', async () => {
  let begin = (): void => {};
  const host = await start(
    pausing('sloppy', () => {
      begin = AsyncResource.bind(() =>
        setImmediate(() => {
          throw new Error('later');
        }),
      );
    }),
    definePlugin({ name: 'good', hooks: [hook('POST_FORKING', () => {})] }),
  );
  await pause(host);
  begin();
  await turn();
  await turn();
  expect(await errorOf(host.call('POST_FORKING', {}))).toMatchObject({
    code: 'HOOK_FAILED',
    plugin: 'sloppy',
    hook: 'PAUSE_DEVICES',
  });
  expect(await host.call('POST_FORKING', {})).toEqual({ claimed: false });
});

test('what it throws while another plugin is asked fails that call', async () => {
  let begin = (): void => {};
  const host = await start(
    pausing('sloppy', () => {
      begin = AsyncResource.bind(() =>
        setImmediate(() => {
          throw new Error('later');
        }),
      );
    }),
    definePlugin({
      name: 'good',
      hooks: [
        hook('POST_FORKING', () => {
          begin();
          return new Promise(() => {});
        }),
      ],
    }),
  );
  await pause(host);
  expect(await errorOf(host.call('POST_FORKING', {}))).toMatchObject({ plugin: 'sloppy', hook: 'PAUSE_DEVICES' });
});

test('what it throws when no call follows is told by finish', async () => {
  const host = await start(pausing('sloppy', () => void Promise.reject('later')));
  await pause(host);
  expect(await host.finish({ ok: true })).toMatchObject([
    { code: 'HOOK_FAILED', plugin: 'sloppy', message: expect.stringContaining("'later'") },
  ]);
});

test('a process.exit in a timer after its answer is an error of the next call, once', async () => {
  const host = await start(pausing('quitter', () => void setImmediate(() => process.exit(5))));
  await pause(host);
  await turn();
  await turn();
  expect(await errorOf(pause(host))).toMatchObject({ code: 'PLUGIN_EXITED', plugin: 'quitter' });
});

test('what a plugin began while it was loaded is its own, too', async () => {
  const timers: (() => void)[] = [];
  const loader = {
    name: 'test',
    load: async () => {
      timers.push(AsyncResource.bind(() => process.exit()));
      return pausing('early', () => {});
    },
  };
  const host = await createPluginHost({ plugins: ['early'], loaders: [loader] });
  hosts.push(host);
  await host.start('dump');
  expect(timers[0]).toThrow('process.exit()');
  expect(await errorOf(pause(host))).toMatchObject({ code: 'PLUGIN_EXITED', plugin: 'early', hook: 'load' });
});

test('a listener of its abort signal that throws does not stop the host', async () => {
  const plugin = pausing('sloppy', (_, { signal }) => {
    signal.onabort = () => {
      throw new Error('in the listener');
    };
    return new Promise(() => {});
  });
  const host = await createPluginHost({ plugins: [plugin], deadline: 10 });
  hosts.push(host);
  await host.start('dump');
  expect(await errorOf(pause(host))).toMatchObject({ code: 'HOOK_TIMEOUT' });
  expect(await host.finish({ ok: true })).toMatchObject([
    { code: 'HOOK_FAILED', message: expect.stringContaining('in the listener') },
  ]);
});
