import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { definePlugin, fileId, hook, mountId, notSupported, pid, retryLater } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import type { HostError } from './errors.ts';
import { createPluginHost } from './host.ts';
import { createRecorder, recordCalls } from './record.ts';
import { decodeRecord, encodeRecordLine, type RecordLine } from './record-format.ts';
import type { SectionStore } from './section.ts';

const file = {
  path: '/dev/kvm',
  kind: 'character',
  rdev: { major: 10, minor: 232 },
  inode: 2n ** 60n,
  flags: 2,
  position: 7,
  owner: null,
  holders: [{ pid: pid(4242), fd: 7 }],
} as const;
const recorded = { ...file, provider: { name: 'kvm', version: '1.0.0' } };

const kvm = definePlugin({
  name: 'kvm',
  version: '1.0.0',
  hooks: [
    hook('DUMP_EXT_FILE', ({ file: { path } }) => (path === '/dev/kvm' ? undefined : notSupported)),
    hook('RESTORE_EXT_FILE', ({ id }) => (id === 1 ? openSync(devNull, 'r') : retryLater)),
    hook('RESTORE_EXT_MOUNT', ({ mountpoint }) => ({ source: `/srv${mountpoint}` })),
    hook('UPDATE_VMA_MAP', ({ oldOffset }) => ({ offset: oldOffset + 4096n })),
    hook('PAUSE_DEVICES', () => {
      throw Object.assign(new Error('no power'), { code: 'EIO' });
    }),
  ],
});

test('a run is recorded and read again as it was', async () => {
  const lines: string[] = [];
  const host = recordCalls(await createPluginHost({ plugins: [kvm] }), (line) => void lines.push(line));
  await host.start('dump');
  await host.call('DUMP_EXT_FILE', { fd: 11, id: fileId(1), file }, { resource: 'the device' });
  await host.call('DUMP_EXT_FILE', { fd: 11, id: fileId(2), file: { ...file, path: '/dev/fuse' } });
  const failure = await host.call('PAUSE_DEVICES', { pid: pid(4242) }).catch((error: HostError) => error);
  await host.finish({ ok: false, error: failure as HostError });
  await host.finish({ ok: true });

  const plugins = [{ name: 'kvm', version: '1.0.0', hooks: kvm.hooks.map((it) => it.hook) }];
  const ms = expect.any(Number);
  const error = expect.objectContaining({ code: 'HOOK_FAILED', plugin: 'kvm', hook: 'PAUSE_DEVICES', errno: 'EIO' });
  expect(decodeRecord(lines.join(''))).toEqual([
    { event: 'record', format: 'criujs-record', version: 1 },
    { event: 'host', plugins },
    { event: 'start', stage: 'dump' },
    { event: 'call', n: 1, hook: 'DUMP_EXT_FILE', args: { fd: 11, id: 1, file }, resource: 'the device' },
    { event: 'answer', n: 1, ms, plugin: 'kvm', version: '1.0.0', result: { kind: 'nothing' } },
    { event: 'call', n: 2, hook: 'DUMP_EXT_FILE', args: expect.objectContaining({ id: 2 }) },
    { event: 'answer', n: 2, ms },
    { event: 'call', n: 3, hook: 'PAUSE_DEVICES', args: { pid: 4242 } },
    { event: 'answer', n: 3, ms, error },
    { event: 'finish', error, exitErrors: [] },
  ]);
});

test('descriptors, retries and offsets are recorded as what they are', async () => {
  const lines: string[] = [];
  const host = recordCalls(await createPluginHost({ plugins: [kvm] }), (line) => void lines.push(line));
  await host.start('restore');
  const how = { provider: 'kvm', providerVersion: '1.0.0' };
  const opened = await host.call('RESTORE_EXT_FILE', { id: fileId(1), file: recorded }, how);
  await host.call('RESTORE_EXT_FILE', { id: fileId(2), file: recorded }, how);
  await host.call('RESTORE_EXT_MOUNT', { id: mountId(3), mountpoint: '/data', oldRoot: '/old' });
  await host.call('UPDATE_VMA_MAP', { path: '/dev/kvm', address: 2n ** 46n, oldOffset: 8192n });
  await host.finish({ ok: true });
  if (opened.claimed && typeof opened.result === 'object') await opened.result.close();

  const read = decodeRecord(lines.join(''));
  expect(read.flatMap((line) => (line.event === 'answer' ? [line.result] : []))).toEqual([
    { kind: 'descriptor' },
    { kind: 'retryLater' },
    { kind: 'mount', source: '/srv/data' },
    { kind: 'source', offset: 12288n, descriptor: false },
  ]);
  expect(read.find((line) => line.event === 'call')).toMatchObject(how);
  expect(read.findLast((line) => line.event === 'call')).toMatchObject({ args: { address: 2n ** 46n } });
});

test('a call is on record before it is made', async () => {
  const lines: string[] = [];
  const seen: number[] = [];
  const plugin = definePlugin({ name: 'kvm', hooks: [hook('POST_FORKING', () => void seen.push(lines.length))] });
  const host = recordCalls(await createPluginHost({ plugins: [plugin] }), (line) => void lines.push(line));
  await host.start('restore');
  const before = lines.length;
  await host.call('POST_FORKING', {});
  await host.finish({ ok: true });
  expect(seen).toEqual([before + 1]);
});

test('a failed start is recorded', async () => {
  const lines: string[] = [];
  const plugin = definePlugin({ name: 'kvm', init: () => Promise.reject(new Error('no device')), hooks: [] });
  const host = recordCalls(await createPluginHost({ plugins: [plugin] }), (line) => void lines.push(line));
  await expect(host.start('dump')).rejects.toMatchObject({ code: 'PLUGIN_INIT_FAILED' });
  expect(decodeRecord(lines.join('')).at(-1)).toMatchObject({
    event: 'start',
    stage: 'dump',
    error: { code: 'PLUGIN_INIT_FAILED' },
  });
});

test('parts that plugins read are recorded once, unless they are large or the plugin wrote them itself', async () => {
  const parts: Record<string, Uint8Array> = { state: Buffer.from('one'), large: new Uint8Array(2 ** 20) };
  const store: SectionStore = {
    async write(_plugin, name, data) {
      parts[name] = data as Uint8Array;
    },
    read: async (_plugin, name) => parts[name] ?? new Uint8Array(),
    async *stream(_plugin, name) {
      yield parts[name] ?? new Uint8Array();
    },
    names: async () => Object.keys(parts),
  };
  const lines: string[] = [];
  const sections = createRecorder((line) => void lines.push(line)).sections(store);
  expect(Buffer.from(await sections.read('kvm', 'state')).toString()).toBe('one');
  await sections.read('kvm', 'state');
  for await (const _chunk of sections.stream('kvm', 'large')) {
  }
  await sections.write('kvm', 'own', Buffer.from('mine'));
  await sections.read('kvm', 'own');
  expect(await sections.names('kvm')).toEqual(['state', 'large', 'own']);
  expect(decodeRecord(lines.join('')).slice(1)).toEqual([
    { event: 'part', plugin: 'kvm', name: 'state', base64: 'b25l' },
    { event: 'part', plugin: 'kvm', name: 'large' },
  ]);
});

const head: RecordLine = { event: 'record', format: 'criujs-record', version: 1 };

test('a record that was cut short is read up to its last whole line', () => {
  const text = encodeRecordLine(head) + encodeRecordLine({ event: 'start', stage: 'dump' }).slice(0, -5);
  expect(decodeRecord(text)).toEqual([head]);
});

test.each([
  ['nothing', ''],
  ['no record', '{"event":"start","stage":"dump"}\n'],
  ['a newer version', encodeRecordLine({ ...head, version: 2 })],
  ['no JSON', `${encodeRecordLine(head)}call\n`],
  ['an unknown event', `${encodeRecordLine(head)}{"event":"party"}\n`],
  ['null', `${encodeRecordLine(head)}null\n`],
  ['an unknown hook', `${encodeRecordLine(head)}{"event":"call","n":1,"hook":"DUMP_ALL","args":{}}\n`],
  [
    'a damaged bigint',
    `${encodeRecordLine(head)}{"event":"call","n":1,"hook":"POST_FORKING","args":{"$bigint":"x"}}\n`,
  ],
])('%s is refused as a record', (_what, text) => {
  expect(() => decodeRecord(text)).toThrow(expect.objectContaining({ name: 'HostError', code: 'RECORD_INVALID' }));
});
