import {
  definePlugin,
  type HookRegistration,
  hook,
  later,
  type Outcome,
  type Plugin,
  pid,
  retryLater,
} from '@criujs/plugin-sdk';
import { afterEach, expect, test } from 'vitest';
import { createPluginHost, type PluginHost, type PluginHostOptions } from './index.ts';

const hosts: PluginHost[] = [];
afterEach(async () => {
  for (const it of hosts.splice(0)) await it.finish({ ok: true });
});

async function restoring(plugins: readonly Plugin[], options: Partial<PluginHostOptions> = {}): Promise<PluginHost> {
  const host = await createPluginHost({ plugins, ...options });
  hosts.push(host);
  await host.start('restore');
  return host;
}

const withHook = (it: HookRegistration, more: Partial<Plugin> = {}): Plugin =>
  definePlugin({ name: 'gpu', hooks: [it], ...more } as never);
const failed: Outcome = { ok: false, error: Object.assign(new Error('no'), { code: 'TARGET_DIED' }) };

test('the hook is answered at once, and settle waits for the work', async () => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  const notes: string[] = [];
  const host = await restoring([
    withHook(hook('POST_FORKING', () => later(promise.then(() => void notes.push('work'))))),
  ]);
  expect(await host.call('POST_FORKING', {})).toEqual({ claimed: false });
  notes.push('answered');
  setImmediate(resolve);
  await host.settle();
  expect(notes).toEqual(['answered', 'work']);
});

test('the answer that goes with the work is the hook’s', async () => {
  const host = await restoring([
    withHook(hook('RESTORE_EXT_MOUNT', async () => later(Promise.resolve(), { source: '/srv' }))),
  ]);
  const answer = await host.call('RESTORE_EXT_MOUNT', { id: 1 as never, mountpoint: '/a', oldRoot: '/old' });
  expect(answer).toMatchObject({ claimed: true, plugin: 'gpu', result: { source: '/srv' } });
});

test('work that fails, fails settle with plugin, hook and resource', async () => {
  const host = await restoring([withHook(hook('POST_FORKING', () => later(Promise.reject(new Error('no memory')))))]);
  await host.call('POST_FORKING', {});
  await expect(host.settle()).rejects.toMatchObject({
    code: 'HOOK_FAILED',
    plugin: 'gpu',
    hook: 'POST_FORKING',
    message: expect.stringMatching(/^plugin gpu: POST_FORKING failed: what it left for later failed: no memory/),
  });
});

test('work that fails early fails the next call: nothing more is restored in vain', async () => {
  const host = await restoring([
    definePlugin({
      name: 'gpu',
      hooks: [
        hook('RESTORE_INIT', () => later(Promise.reject(new Error('no memory')))),
        hook('POST_FORKING', () => {}),
      ],
    }),
  ]);
  await host.call('RESTORE_INIT', {});
  await new Promise((resolve) => setImmediate(resolve));
  await expect(host.call('POST_FORKING', {})).rejects.toThrow('no memory');
});

test('the work has the time of a call, from settle on, and its signal is aborted when the run fails', async () => {
  let signal: AbortSignal | undefined;
  const notes: string[] = [];
  const slow = withHook(
    hook('POST_FORKING', (_, context) => {
      signal = context.signal;
      return later(new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve())));
    }),
    { exit: () => void notes.push(`exit, aborted: ${signal?.aborted}`) },
  );
  const host = await restoring([slow], { deadline: 50 });
  await host.call('POST_FORKING', {});
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(signal?.aborted).toBe(false);
  await expect(host.settle()).rejects.toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'gpu', hook: 'POST_FORKING' });
  expect(await host.finish(failed)).toEqual([]);
  expect(notes).toEqual(['exit, aborted: true']);
});

test('exit comes after the work has ended; work that never ends is told', async () => {
  const notes: string[] = [];
  const never = withHook(
    hook('POST_FORKING', () => later(new Promise(() => {}))),
    {
      exit: () => void notes.push('exit'),
    },
  );
  const host = await restoring([never], { deadline: 50 });
  await host.call('POST_FORKING', {});
  expect(await host.finish(failed)).toMatchObject([{ code: 'HOOK_TIMEOUT', plugin: 'gpu' }]);
  expect(notes).toEqual(['exit']);
});

test('what aborted work rejects with is no failure of its own', async () => {
  const host = await restoring([
    withHook(
      hook('POST_FORKING', (_, { signal }) =>
        later(new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))),
      ),
    ),
  ]);
  await host.call('POST_FORKING', {});
  expect(await host.finish(failed)).toEqual([]);
});

test('an abort of the run ends the wait', async () => {
  const controller = new AbortController();
  const host = await restoring(
    [withHook(hook('POST_FORKING', () => later(new Promise((resolve) => setTimeout(resolve, 500)))))],
    {
      signal: controller.signal,
    },
  );
  await host.call('POST_FORKING', {});
  setImmediate(() => controller.abort());
  await expect(host.settle()).rejects.toMatchObject({ code: 'ABORTED' });
});

test.each([
  [
    'a hook of a dump',
    hook('PAUSE_DEVICES', (() => later(Promise.resolve())) as never),
    'PAUSE_DEVICES',
    { pid: pid(1) },
  ],
  [
    'a hook before the tree runs',
    hook('RESUME_DEVICES_LATE', (() => later(Promise.resolve())) as never),
    'RESUME_DEVICES_LATE',
    { pid: pid(1) },
  ],
  [
    'retryLater',
    hook('RESTORE_EXT_FILE', (() => later(Promise.resolve(), retryLater)) as never),
    'RESTORE_EXT_FILE',
    { id: 1, file: {} },
  ],
] as const)('%s has no work for later', async (_, registration, name, args) => {
  const host = await restoring([withHook(registration)]);
  await expect(host.call(name, args as never)).rejects.toMatchObject({
    code: 'HOOK_BAD_RESULT',
    remedy: expect.any(String),
  });
});

test('an answer that is refused leaves no work behind that nobody listens to', async () => {
  const host = await restoring([
    withHook(hook('RESTORE_UNIX_SK', (() => later(Promise.reject(new Error('lost')), 'seven')) as never)),
  ]);
  await expect(host.call('RESTORE_UNIX_SK', { inode: 1 as never, socket: {} as never })).rejects.toMatchObject({
    code: 'HOOK_BAD_RESULT',
  });
  expect(await host.finish(failed)).toEqual([]);
});
