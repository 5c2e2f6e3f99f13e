import { batchHook, definePlugin, hook, type Plugin, pid } from '@criujs/plugin-sdk';
import { afterEach, expect, test } from 'vitest';
import { createPluginHost, type LogEntry, type PluginHost } from './index.ts';

const hosts: PluginHost[] = [];
afterEach(async () => {
  for (const it of hosts.splice(0)) await it.finish({ ok: true });
});

async function started(plugins: readonly Plugin[], logs: LogEntry[] = []): Promise<PluginHost> {
  const host = await createPluginHost({ plugins, onLog: (entry) => void logs.push(entry) });
  hosts.push(host);
  await host.start('dump');
  return host;
}

const pids = [pid(10), pid(11), pid(12)] as const;
const whole = { batch: { pids, isAll: true } };

/** As an engine does it that knows all processes. */
async function tellAll(host: PluginHost, how: object = whole): Promise<void> {
  for (const it of pids) await host.call('PAUSE_DEVICES', { pid: it }, how);
}

test('a batch is called once, with all, at its place at the first process; the single form for each', async () => {
  const told: string[] = [];
  const single = (name: string): Plugin =>
    definePlugin({ name, hooks: [hook('PAUSE_DEVICES', ({ pid: it }) => void told.push(`${name} ${it}`))] });
  const batch = definePlugin({
    name: 'batch',
    hooks: [batchHook('PAUSE_DEVICES', ({ pids: all, isAll }) => void told.push(`batch ${all} ${isAll}`))],
  });
  await tellAll(await started([single('a'), batch, single('z')]));
  expect(told).toEqual(['a 10', 'batch 10,11,12 true', 'z 10', 'a 11', 'z 11', 'a 12', 'z 12']);
});

test('where an engine knows of one process at a time, each is a batch of its own', async () => {
  const told: string[] = [];
  const batch = definePlugin({
    name: 'batch',
    hooks: [batchHook('PAUSE_DEVICES', ({ pids: all, isAll }) => void told.push(`${all} ${isAll}`))],
  });
  await tellAll(await started([batch]), {});
  expect(told).toEqual(['10 false', '11 false', '12 false']);
});

test('a batch that fails is told with how many processes it was for, in its messages too', async () => {
  const logs: LogEntry[] = [];
  const batch = definePlugin({
    name: 'batch',
    hooks: [
      batchHook('PAUSE_DEVICES', (_, { log }) => {
        log.info('begins');
        throw new Error('no');
      }),
    ],
  });
  const host = await started([batch], logs);
  await expect(tellAll(host)).rejects.toMatchObject({
    code: 'HOOK_FAILED',
    plugin: 'batch',
    hook: 'PAUSE_DEVICES',
    message: expect.stringMatching(/^plugin batch: PAUSE_DEVICES of 3 processes failed: no/),
  });
  expect(logs).toMatchObject([{ message: 'begins', resource: '3 processes' }]);
});

test('what the single form fails with for a process that has ended is passed over, with a warning', async () => {
  const logs: LogEntry[] = [];
  const told: string[] = [];
  const fails = definePlugin({
    name: 'fails',
    hooks: [
      hook('PAUSE_DEVICES', () => {
        throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
      }),
    ],
  });
  const after = definePlugin({
    name: 'other',
    hooks: [hook('PAUSE_DEVICES', ({ pid: it }) => void told.push(`${it}`))],
  });
  const host = await started([fails, after], logs);
  await host.call('PAUSE_DEVICES', { pid: pids[0] }, { isGone: () => true });
  expect(logs).toMatchObject([
    {
      level: 'warn',
      plugin: 'fails',
      message: expect.stringMatching(/^passed over, since the process has ended: .*no such process/),
    },
  ]);
  expect(told).toEqual(['10']);
  await expect(host.call('PAUSE_DEVICES', { pid: pids[0] }, { isGone: () => false })).rejects.toThrow(
    'no such process',
  );
});

test('a plugin of another SDK with a batch of a hook that has none is refused', async () => {
  const made = definePlugin({ name: 'odd', hooks: [] });
  const odd = { ...made, hooks: [{ hook: 'POST_FORKING', batch: () => {} }] } as Plugin;
  await expect(createPluginHost({ plugins: [odd] })).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
});
