import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Context,
  definePlugin,
  fileId,
  type HookArgs,
  hook,
  notSupported,
  type Outcome,
  type Plugin,
  pid,
  retryLater,
} from '@criujs/plugin-sdk';
import { afterEach, expect, test } from 'vitest';
import {
  createPluginHost,
  directorySections,
  type HostError,
  type LogEntry,
  type PluginHost,
  type PluginHostOptions,
} from './index.ts';

const hosts: PluginHost[] = [];
afterEach(async () => {
  for (const it of hosts.splice(0)) await it.finish({ ok: true });
});

async function hostOf(plugins: readonly Plugin[], options: Partial<PluginHostOptions> = {}): Promise<PluginHost> {
  const host = await createPluginHost({ plugins, ...options });
  hosts.push(host);
  return host;
}

/** A plugin that notes when it is begun and ended. */
function noting(name: string, notes: string[], others: Partial<Parameters<typeof definePlugin>[0]> = {}): Plugin {
  return definePlugin({
    name,
    hooks: [],
    init: async (stage) => void notes.push(`init ${name} ${stage}`),
    exit: async (stage, outcome) => void notes.push(`exit ${name} ${stage} ${outcome.ok ? 'ok' : outcome.error.code}`),
    ...others,
  });
}

const aFile: HookArgs<'DUMP_EXT_FILE'> = {
  fd: 3,
  id: fileId(7),
  file: {
    path: '/dev/kvm',
    kind: 'character',
    rdev: { major: 10, minor: 232 },
    inode: 5,
    flags: 2,
    position: 0,
    owner: null,
    holders: [],
  },
};
const aTask: HookArgs<'PAUSE_DEVICES'> = { pid: pid(4242) };
const boom = (): never => {
  throw new Error('boom');
};
const failure: Outcome = { ok: false, error: Object.assign(new Error('no'), { code: 'TARGET_DIED' }) };

test('init runs in order, exit in reverse, both with the stage, exit with the outcome', async () => {
  const notes: string[] = [];
  const host = await hostOf([noting('a', notes), definePlugin({ name: 'b', hooks: [] }), noting('c', notes)]);
  await host.start('pre-dump');
  expect(await host.finish({ ok: true })).toEqual([]);
  await host.start('dump');
  expect(await host.finish(failure)).toEqual([]);
  expect(notes).toEqual([
    'init a pre-dump',
    'init c pre-dump',
    'exit c pre-dump ok',
    'exit a pre-dump ok',
    'init a dump',
    'init c dump',
    'exit c dump TARGET_DIED',
    'exit a dump TARGET_DIED',
  ]);
});

test('each waits for the one before', async () => {
  const notes: string[] = [];
  const slow = (name: string): Plugin =>
    noting(name, notes, {
      async init() {
        await new Promise((resolve) => setImmediate(resolve));
        notes.push(name);
      },
      exit: undefined as never,
    });
  await (await hostOf([slow('a'), slow('b')])).start('dump');
  expect(notes).toEqual(['a', 'b']);
});

test('an init that fails: exit of all whose init was called, its own too, and of no other', async () => {
  const notes: string[] = [];
  const host = await hostOf([noting('a', notes), noting('b', notes, { init: boom }), noting('c', notes)]);
  const error = await host.start('restore').catch((it: HostError) => it);
  expect(error).toMatchObject({
    code: 'PLUGIN_INIT_FAILED',
    plugin: 'b',
    hook: 'init',
    message: 'plugin b: init failed: boom',
  });
  expect(notes).toEqual(['init a restore', 'exit b restore PLUGIN_INIT_FAILED', 'exit a restore PLUGIN_INIT_FAILED']);
  expect(await host.finish({ ok: true })).toEqual([]);
  expect(notes).toHaveLength(3);
});

test('an exit that throws stops no other, and is told', async () => {
  const notes: string[] = [];
  const host = await hostOf([noting('a', notes), noting('b', notes, { exit: boom }), noting('c', notes)]);
  await host.start('dump');
  const errors = await host.finish({ ok: true });
  expect(errors).toMatchObject([
    { code: 'HOOK_FAILED', plugin: 'b', hook: 'exit', message: 'plugin b: exit failed: boom' },
  ]);
  expect(notes.slice(-2)).toEqual(['exit c dump ok', 'exit a dump ok']);
  expect(await host.finish({ ok: true })).toBe(errors);
});

test('exit runs after a failed hook', async () => {
  const notes: string[] = [];
  const host = await hostOf([noting('a', notes, { hooks: [hook('DUMP_EXT_FILE', boom)] })]);
  await host.start('dump');
  const error = await host.call('DUMP_EXT_FILE', aFile).catch((it: HostError) => it);
  await host.finish({ ok: false, error: error as HostError });
  expect(notes).toEqual(['init a dump', 'exit a dump HOOK_FAILED']);
});

test('finish while it finishes is one and the same', async () => {
  const notes: string[] = [];
  const host = await hostOf([noting('a', notes)]);
  await host.start('dump');
  await Promise.all([host.finish({ ok: true }), host.finish(failure)]);
  expect(notes).toEqual(['init a dump', 'exit a dump ok']);
});

test('a run that is finished while an observer is at work tells nobody else of it', async () => {
  const told: string[] = [];
  let begun: () => void = () => undefined;
  const working = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const tells = (name: string, body: () => unknown): Plugin =>
    definePlugin({
      name,
      hooks: [
        hook('CHECKPOINT_DEVICES', async () => {
          told.push(name);
          await body();
        }),
      ],
    });
  const waits = tells('waits', () => {
    begun();
    return new Promise(() => undefined);
  });
  const host = await hostOf([waits, tells('behind', () => undefined)]);
  await host.start('dump');
  const called = host.call('CHECKPOINT_DEVICES', { pid: pid(7) }).catch(({ code }: HostError) => code);
  await working;
  await host.finish(failure);
  expect(await called).toBe('HOST_STATE');
  expect(told).toEqual(['waits']);
  // The next run is one of its own.
  await host.start('dump');
  const again = host.call('CHECKPOINT_DEVICES', { pid: pid(7) }).catch(() => undefined);
  await host.finish(failure);
  await again;
  expect(told).toEqual(['waits', 'waits']);
});

test('a run that is finished while it starts ends init, and exits once', async () => {
  const notes: string[] = [];
  const host = await hostOf([
    noting('a', notes),
    noting('b', notes, { init: () => new Promise(() => {}) }),
    noting('c', notes),
  ]);
  const starting = host.start('dump').catch((it: HostError) => it.code);
  await expect.poll(() => notes).toEqual(['init a dump']);
  await host.finish(failure);
  expect(await starting).toBe('HOST_STATE');
  expect(notes).toEqual(['init a dump', 'exit b dump TARGET_DIED', 'exit a dump TARGET_DIED']);
});

test('calls in a wrong order are told so', async () => {
  const host = await hostOf([]);
  await expect(host.call('POST_FORKING', {})).rejects.toMatchObject({ code: 'HOST_STATE' });
  await host.start('dump');
  await expect(host.start('dump')).rejects.toMatchObject({ code: 'HOST_STATE' });
});

test('a handler: the first that does not decline wins', async () => {
  const asked: string[] = [];
  const plugin = (name: string, answer: typeof notSupported | undefined): Plugin =>
    definePlugin({
      name,
      version: `1.0.${name.length}`,
      hooks: [
        hook('DUMP_EXT_FILE', async () => {
          asked.push(name);
          return answer as typeof notSupported;
        }),
      ],
    });
  const host = await hostOf([
    definePlugin({ name: 'other', hooks: [] }),
    plugin('a', notSupported),
    plugin('bb', undefined),
    plugin('ccc', undefined),
  ]);
  await host.start('dump');
  const answer = await host.call('DUMP_EXT_FILE', aFile);
  expect(answer).toEqual({ claimed: true, plugin: 'bb', version: '1.0.2', result: undefined });
  expect(asked).toEqual(['a', 'bb']);
});

test('a handler that all decline, or nobody has, is not claimed', async () => {
  const host = await hostOf([definePlugin({ name: 'a', hooks: [hook('DUMP_EXT_FILE', () => notSupported)] })]);
  await host.start('dump');
  expect(await host.call('DUMP_EXT_FILE', aFile)).toEqual({ claimed: false });
  expect(await host.call('DUMP_EXT_LINK', { index: 2, type: 1, kind: 'veth' })).toEqual({ claimed: false });
});

test('an error ends the asking', async () => {
  const asked: string[] = [];
  const host = await hostOf([
    definePlugin({ name: 'a', hooks: [hook('DUMP_EXT_FILE', boom)] }),
    definePlugin({ name: 'b', hooks: [hook('DUMP_EXT_FILE', () => void asked.push('b'))] }),
  ]);
  await host.start('dump');
  await expect(host.call('DUMP_EXT_FILE', aFile)).rejects.toMatchObject({
    code: 'HOOK_FAILED',
    plugin: 'a',
    hook: 'DUMP_EXT_FILE',
    resource: 'file 7 (/dev/kvm)',
    message: 'plugin a: DUMP_EXT_FILE of file 7 (/dev/kvm) failed: boom',
  });
  expect(asked).toEqual([]);
});

test('an observer: all are told in order, whatever the others did, and all errors are told', async () => {
  const told: string[] = [];
  const plugin = (name: string, after: () => void): Plugin =>
    definePlugin({
      name,
      hooks: [
        hook('PAUSE_DEVICES', ({ pid }) => {
          told.push(`${name} ${pid}`);
          after();
        }),
      ],
    });
  const host = await hostOf([plugin('a', boom), plugin('b', () => {}), plugin('c', boom)]);
  await host.start('dump');
  const error = (await host.call('PAUSE_DEVICES', aTask).catch((it: unknown) => it)) as HostError;
  expect(told).toEqual(['a 4242', 'b 4242', 'c 4242']);
  expect(error).toMatchObject({ code: 'HOOK_FAILED', hook: 'PAUSE_DEVICES', resource: 'process 4242' });
  expect(error.errors?.map((it) => it.plugin)).toEqual(['a', 'c']);
  expect(error.message).toContain('plugin c: PAUSE_DEVICES of process 4242 failed: boom');
});

test('one failed observer is told as it is, none at all as not claimed', async () => {
  const host = await hostOf([definePlugin({ name: 'a', hooks: [hook('PAUSE_DEVICES', boom)] })]);
  await host.start('dump');
  await expect(host.call('PAUSE_DEVICES', aTask)).rejects.toMatchObject({ code: 'HOOK_FAILED', plugin: 'a' });
  expect(await host.call('CHECKPOINT_DEVICES', aTask)).toEqual({ claimed: false });
});

test('the provider is asked first; when it declines, the others in their order', async () => {
  const asked: string[] = [];
  const plugin = (name: string): Plugin =>
    definePlugin({
      name,
      hooks: [
        hook('RESTORE_EXT_FILE', () => {
          asked.push(name);
          return notSupported;
        }),
      ],
    });
  const host = await hostOf([plugin('a'), plugin('b'), plugin('c')]);
  await host.start('restore');
  await host.call('RESTORE_EXT_FILE', aFile as never, { provider: 'c' });
  expect(asked).toEqual(['c', 'a', 'b']);
});

test('a provider that is not loaded: missing at restore, no matter at dump', async () => {
  const host = await hostOf([definePlugin({ name: 'a', hooks: [hook('RESTORE_EXT_FILE', () => retryLater)] })]);
  await host.start('restore');
  const how = { provider: 'kvm', providerVersion: '2.1.0' };
  await expect(host.call('RESTORE_EXT_FILE', aFile as never, how)).rejects.toMatchObject({
    code: 'PLUGIN_MISSING',
    plugin: 'kvm',
    message: 'file 7 (/dev/kvm) was dumped by plugin kvm 2.1.0, which is not loaded',
    remedy: expect.stringContaining('kvm 2.1.0'),
  });
  await host.finish({ ok: true });
  await host.start('dump');
  expect(await host.call('DUMP_EXT_FILE', aFile, how)).toEqual({ claimed: false });
});

test('the context has stage, options, log and the words of the engine for the resource', async () => {
  const entries: LogEntry[] = [];
  let seen: Context | undefined;
  const plugin = definePlugin({
    name: 'a',
    init: (_, { log }) => log.debug('hello', { n: 1 }),
    hooks: [
      hook('DUMP_EXT_FILE', (_, context) => {
        seen = context;
        context.log.warn('careful');
      }),
    ],
  });
  const host = await hostOf([plugin], { onLog: (entry) => entries.push(entry), options: { a: { x: 1 } } });
  await host.start('dump');
  await host.call('DUMP_EXT_FILE', aFile, { resource: '4242 (sh) descriptor 7' });
  expect(seen).toMatchObject({ stage: 'dump', options: { x: 1 } });
  expect(seen?.signal.aborted).toBe(false);
  expect(entries).toEqual([
    { plugin: 'a', hook: 'init', level: 'debug', message: 'hello', details: { n: 1 } },
    { plugin: 'a', hook: 'DUMP_EXT_FILE', resource: '4242 (sh) descriptor 7', level: 'warn', message: 'careful' },
  ]);
});

test('images may be the name of a directory, resolved as the plugins are', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'criujs-host-'));
  try {
    mkdirSync(join(cwd, 'images'));
    const writing = definePlugin({ name: 'a', init: (_, { image }) => image.writeJson('x', 1), hooks: [] });
    await (await hostOf([writing], { cwd, images: 'images' })).start('dump');
    expect(await directorySections(join(cwd, 'images')).names('a')).toEqual(['x']);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

test('without images, context.image says what to do', async () => {
  const host = await hostOf([definePlugin({ name: 'a', init: (_, { image }) => image.writeJson('x', 1), hooks: [] })]);
  await expect(host.start('dump')).rejects.toMatchObject({
    code: 'PLUGIN_INIT_FAILED',
    remedy: expect.stringContaining('images'),
  });
});

test('a plugin is told the version of its part of the image: its own at a dump, the written one at a restore', async () => {
  const seen: string[] = [];
  const note = (stage: string, { image }: Context): void => void seen.push(`${stage} ${image.version}`);
  const at = async (stage: 'dump' | 'restore', options: Partial<PluginHostOptions> = {}): Promise<void> => {
    const host = await hostOf([definePlugin({ name: 'constructor', imageVersion: 3, init: note, hooks: [] })], options);
    expect(host.plugins).toMatchObject([{ name: 'constructor', imageVersion: 3 }]);
    await host.start(stage);
    await host.finish({ ok: true });
  };
  await at('dump', { imageVersions: { constructor: 9 } as never });
  await at('restore', { imageVersions: { constructor: 2 } as never });
  await at('restore', { imageVersions: {} });
  await at('restore');
  expect(seen).toEqual(['dump 3', 'restore 2', 'restore 1', 'restore 1']);
});

test('images that are too new for a plugin fail a restore before any init, all plugins in one error', async () => {
  const notes: string[] = [];
  const plugins = [noting('a', notes), noting('b', notes, { version: '1.4.0', imageVersion: 2 }), noting('c', notes)];
  const host = await hostOf(plugins, { imageVersions: { b: 3, gone: 7 } });
  await expect(host.start('restore')).rejects.toMatchObject({
    code: 'PLUGIN_IMAGE_VERSION',
    plugin: 'b',
    message: expect.stringMatching(/version 3 of the data of plugin b.*b 1\.4\.0.*up to 2/),
    remedy: expect.stringContaining('Update the plugin b'),
  });
  expect(await host.finish({ ok: false, error: new Error('x') as never })).toEqual([]);
  expect(notes).toEqual([]);
  const both = await hostOf(plugins, { imageVersions: { a: 2, b: 3 } });
  await expect(both.start('restore')).rejects.toMatchObject({
    code: 'PLUGIN_IMAGE_VERSION',
    message: expect.stringMatching(/^2 plugins are too old for these images:\n.*plugin a.*\n.*plugin b/),
  });
});

test.each([0, 1.5, '2'])('a plugin whose image version is %j is none', async (imageVersion) => {
  const plugin = { ...definePlugin({ name: 'a', hooks: [] }), imageVersion } as never;
  await expect(hostOf([plugin])).rejects.toMatchObject({ code: 'PLUGIN_INVALID', plugin: 'a' });
});

test('each call of plugin code is told before it is made', async () => {
  const calls: string[] = [];
  const note = (text: string): void => void calls.push(text);
  const plugin = definePlugin({
    name: 'a',
    init: () => note('in init'),
    exit: () => note('in exit'),
    hooks: [hook('DUMP_EXT_FILE', () => note('in the hook'))],
  });
  const onCall: PluginHostOptions['onCall'] = ({ plugin, hook, resource }) =>
    note([plugin, hook, resource].filter((it) => it !== undefined).join(' '));
  const host = await hostOf([plugin], { onCall });
  await host.start('dump');
  await host.call('DUMP_EXT_FILE', aFile);
  await host.finish({ ok: true });
  expect(calls).toEqual(['a init', 'in init', 'a DUMP_EXT_FILE file 7 (/dev/kvm)', 'in the hook', 'a exit', 'in exit']);
});
