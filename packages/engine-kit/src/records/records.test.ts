import type { PluginRecord } from '@criujs/plugin-host/facts';
import { pid } from '@criujs/plugin-sdk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRecords, encodeRecords, inventoryNames, type Records } from './records.ts';

const holders = [{ pid: pid(4242), fd: 7 }];
const nowhere = { package: null, packageVersion: null, load: null };
const records: Records = {
  externals: [
    {
      id: 3,
      file: {
        path: '/dev/fuse',
        kind: 'character',
        rdev: { major: 10, minor: 229 },
        inode: 2n ** 60n,
        flags: 0o104002,
        position: 2n ** 64n - 1n,
        owner: { pid: 4242, signal: 10, uid: 0, euid: 1000, type: 'process' },
        holders,
        provider: { name: 'fuse', version: '1.2.3' },
      },
    },
    {
      id: 4,
      file: {
        path: null,
        kind: 'anonymous',
        rdev: null,
        inode: 5,
        flags: 2,
        position: 0,
        owner: null,
        holders: [],
        provider: { name: 'perf', version: null },
      },
    },
  ],
  takes: [{ hook: 'DUMP_EXT_MOUNT', resource: 'mount 12 (/data)', provider: { name: 'fuse', version: null } }],
  sockets: [
    {
      id: 5,
      inode: 99,
      provider: { name: 'hub', version: null },
      socket: { type: 'stream', name: null, peerName: '\0hub', state: 'connected', flags: 2, holders },
    },
  ],
  tasks: [{ pid: 12, exitSignal: 10 }],
  inodes: [{ id: 9, uid: 1000, gid: 100, mode: 0o640 }],
  netlinks: [{ id: 14, isDatagram: true, switches: ['PKTINFO', 'EXT_ACK'] }],
  packets: [
    {
      ...{ id: 15, device: 'lo', memberships: ['lo', 'eth0'], filterLocked: true, hasError: false },
      settings: [{ name: 'PACKET_IGNORE_OUTGOING', value: 1 }],
      ring: { position: 7, waiting: [{ at: 6, bytes: 'AAEC' }] },
    },
    { id: 16, device: null, memberships: [], settings: [], filterLocked: false, hasError: true, ring: null },
  ],
  inetQueues: [
    {
      id: 15,
      datagrams: [
        { from: '0200'.padEnd(32, '0'), to: '7f000001', ttl: 64, tos: null, data: 'aGk=' },
        { from: '0200'.padEnd(32, '0'), to: null, ttl: null, tos: 16, data: '' },
      ],
    },
  ],
  memberships: [{ id: 15, group: 'ef010203', device: 'lo', mode: 'include', sources: ['0a000001'] }],
  inetSockets: [
    {
      ...{ id: 15, options: [{ name: 'TCP_USER_TIMEOUT', value: 'e8030000' }], flow: 0x100, isForeign: true },
      devices: [{ name: 'IPV6_MULTICAST_IF', device: 'lo' }],
    },
  ],
  networkLocks: [
    { method: 'nftables', id: '0123456789abcdef0123', connections: ['TCP socket 127.0.0.1:80 → 127.0.0.1:5000'] },
  ],
  failedConnections: [16],
  timers: [{ id: 10, expires: 2n ** 63n - 1n }],
  pidfds: [{ id: 11, exitCode: 0x100 }],
  epollTargets: [{ id: 12, at: 1, fd: 999 }],
  rings: [
    {
      ...{ id: 14, flags: 2, lockedBy: 1000, entries: 256, completions: 512, isIndexed: false },
      ...{ count: 2 ** 32 - 1, tail: 0, head: 7, queues: 'AAEC', submissions: '' },
    },
  ],
  unixSockets: [
    {
      ...{ id: 13, peer: { pid: 7, uid: 0, gid: 1 }, isReset: true, senders: [{ at: 2, pid: 8, uid: 3, gid: 4 }] },
      ...{ origins: [{ at: 1, name: '\0\xff' }], peerName: '/run/hub', holder: 7, movedTo: '/run/old' },
    },
  ],
  terminals: [{ index: 4, closed: true, node: { uid: 1000, gid: 5, mode: 0o620 } }],
  pipes: [{ kind: 'pipe', pipeId: 77, packets: [1, 4096], hungUp: false, external: true }],
  memory: [
    {
      pid: 12,
      locksNew: 'on-fault',
      keys: [1, 15],
      executeOnlyKey: 2,
      areas: [
        { start: 0x7fff_ffff_e000, end: 0x7fff_ffff_f000, trait: 'guard', name: null, key: null },
        { start: 4096, end: 8192, trait: 'named', name: 'heap of mine', key: null },
        { start: 8192, end: 12288, trait: 'protection-key', name: null, key: 15 },
      ],
    },
  ],
  attributes: [
    {
      tid: 12,
      thread: {
        affinity: 'ff00000000000000000f',
        scheduling: { flags: 1, runtime: 2n ** 63n, deadline: 0n, period: 0n, clamps: { least: 0, most: 1024 } },
        timerSlack: 2n ** 64n - 1n,
        speculation: [{ feature: 0, control: 8 }],
      },
      process: {
        sessionNice: -20,
        rangePolicies: [{ start: 4096n, length: 4096n, mode: 2, nodes: '1' }],
        controlGroups: [{ controllers: '', path: '/a' }],
      },
    },
    { tid: 13, thread: { affinity: 'all' } },
  ],
  plugins: [
    {
      ...{
        name: 'fuse',
        version: '1.2.3',
        apiVersion: 1,
        imageVersion: 2,
        inventoryName: 'fuse_plugin',
        required: true,
      },
      ...{ package: '@own/fuse', packageVersion: '1.2.4-rc.1', load: '@own/fuse/plugin.js' },
    },
    { name: 'hub', version: null, apiVersion: 1, imageVersion: 1, inventoryName: null, required: false, ...nowhere },
  ],
};

const encoded = (): { externals: Record<string, unknown>[]; sockets: Record<string, unknown>[]; version: number } =>
  JSON.parse(Buffer.from(encodeRecords(records)).toString());
const decode = (document: unknown): Records => decodeRecords(Buffer.from(JSON.stringify(document)));

test('what is written is read again, exactly', () => {
  expect(decodeRecords(encodeRecords(records))).toEqual(records);
  const nothing = {
    externals: [],
    sockets: [],
    takes: [],
    tasks: [],
    inodes: [],
    timers: [],
    netlinks: [],
    packets: [],
    inetSockets: [],
    inetQueues: [],
    memberships: [],
    networkLocks: [],
    failedConnections: [],
    pidfds: [],
    epollTargets: [],
    rings: [],
    unixSockets: [],
    terminals: [],
    pipes: [],
    memory: [],
    attributes: [],
    plugins: [],
  };
  expect(decodeRecords(encodeRecords(nothing))).toEqual(nothing);
});

test('fields that a newer release may add are left out', () => {
  expect(decode({ ...encoded(), more: 1 })).toEqual(records);
});

test('a list that an older release did not write is empty', () => {
  expect(decode({ ...encoded(), plugins: undefined })).toEqual({ ...records, plugins: [] });
  expect(decode({ ...encoded(), memory: undefined })).toEqual({ ...records, memory: [] });
});

test('the version of a part that an older release did not write is 1', () => {
  const plugins = [{ name: 'fuse', version: '1.2.3', apiVersion: 1 }];
  expect(decode({ ...encoded(), plugins }).plugins).toMatchObject([{ ...plugins[0], imageVersion: 1 }]);
  expect(() => decode({ ...encoded(), plugins: [{ ...plugins[0], imageVersion: 0 }] })).toThrow(
    expect.objectContaining({ code: 'IMAGE_INVALID' }),
  );
});

test('what an older release did not say of a plugin', () => {
  const plugins = [{ name: 'fuse', version: '1.2.3', apiVersion: 1, imageVersion: 1 }];
  const unsaid = { inventoryName: null, required: false, ...nowhere };
  expect(decode({ ...encoded(), plugins }).plugins).toEqual([{ ...plugins[0], ...unsaid }]);
});

test.each([
  ['package', 'fuse; rm -rf /'],
  ['package', '../fuse'],
  ['package', '--registry=https://x.invalid'],
  ['packageVersion', 'latest'],
  ['packageVersion', '1.0.0 && true'],
  ['load', '/home/me/fuse.ts'],
  ['load', './a b'],
  ['load', '--force'],
  ['load', '$(true)'],
  ['required', 'yes'],
])('a plugin whose %s is %j: nobody is told to type it', (field, value) => {
  const plugins = [{ ...records.plugins[0], [field]: value }];
  expect(() => decode({ ...encoded(), plugins })).toThrow(
    expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringContaining(`plugins[0].${field}`) }),
  );
});

test('the inventory lists those that are required, each once', () => {
  const [fuse, hub] = records.plugins as [PluginRecord, PluginRecord];
  expect(inventoryNames([fuse, hub, { ...hub, required: true }, { ...fuse, name: 'fuse-2' }])).toEqual(['fuse_plugin']);
});

test('another version is told apart from damage', () => {
  expect(() => decode({ ...encoded(), version: 2 })).toThrow(expect.objectContaining({ code: 'IMAGES_VERSION' }));
});

test.each<[string, (document: ReturnType<typeof encoded>) => unknown]>([
  ['criujs.json.format is nothing', (it) => ({ ...it, format: undefined })],
  ['criujs.json.externals is an object and should be a list', (it) => ({ ...it, externals: {} })],
  ['criujs.json.externals[0].id is -1', (it) => ({ ...it, externals: [{ ...it.externals[0], id: -1 }] })],
  ['criujs.json.externals[0].file is null', (it) => ({ ...it, externals: [{ id: 1, file: null }] })],
  ['criujs.json has file 3 twice', (it) => ({ ...it, externals: [it.externals[0], it.externals[0]] })],
  ['criujs.json has file 3 twice', (it) => ({ ...it, sockets: [{ ...it.sockets[0], id: 3 }] })],
])('%s', (message, damage) => {
  expect(() => decode(damage(encoded()))).toThrow(
    expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringContaining(message) }),
  );
});

test.each([
  ['flags', 1.5],
  ['flags', 2 ** 32],
  ['position', 5],
  ['position', '-1'],
  ['position', '18446744073709551616'],
  ['kind', 'symlink'],
  ['holders', [{ pid: 0, fd: 1 }]],
  ['holders', [{ pid: 1, fd: 2 ** 31 }]],
  ['path', 'x'.repeat(70_000)],
  ['provider', { name: 1, version: null }],
  ['__proto__', undefined],
])('an external file whose %s is %j', (field, value) => {
  const document = encoded();
  const file = { ...(document.externals[0]?.['file'] as object), [field]: value };
  const damaged = { ...document, externals: [{ id: 3, file: field === '__proto__' ? [] : file }] };
  expect(() => decode(damaged)).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});

test('200,000 levels are refused by name, wherever they are', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  for (const text of [deep, `{"format":"criujs","version":1,"externals":${deep}}`, deep.slice(0, 200_000)]) {
    expect(() => decodeRecords(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringMatching(/^criujs\.json .*levels/) }),
    );
  }
});

test.each([
  ['start', -1],
  ['end', 2 ** 53],
  ['trait', 'soft'],
  ['name', 'x'.repeat(80)],
])('memory whose %s is %j', (field, value) => {
  const areas = [{ ...records.memory?.[0]?.areas[0], [field]: value }];
  expect(() => decode({ ...encoded(), memory: [{ pid: 12, areas }] })).toThrow(
    expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringContaining(`memory[0].areas[0].${field}`) }),
  );
});

test('no bytes at all make it fail in another way', () => {
  const bytes = encodeRecords(records);
  const damaged = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, value]) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = value;
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), damaged), (input) => {
      try {
        decodeRecords(input);
      } catch (error) {
        expect(error).toMatchObject({ name: 'EngineError', code: expect.stringMatching(/^IMAGES?_/) });
      }
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['no mask', { tid: 12, thread: { affinity: '0x1' } }],
  ['a negative time', { tid: 12, thread: { timerSlack: '-1' } }],
  ['a number in place of a text', { tid: 12, thread: {}, process: { label: 7 } }],
  ['no such nice value', { tid: 12, thread: {}, process: { sessionNice: 20 } }],
])('attributes with %s are refused', (_, attributes) => {
  expect(() => decode({ ...encoded(), attributes: [attributes] })).toThrow(/attributes\[0\]/);
});

test('attributes that a newer release may add are left out, and those of an older one are few', () => {
  const { attributes } = decode({ ...encoded(), attributes: [{ tid: 12, thread: { colour: 'red' } }] });
  expect(attributes?.[0]?.thread.affinity).toBeUndefined();
  expect(decode({ ...encoded(), attributes: undefined }).attributes).toEqual([]);
});
