import { create, type EntryInit, InetSkEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import type { FileEntry } from '../opening.ts';
import { checkInet, entryWords, namedOf, optionsOfRecord } from './entry.ts';
import { entryOfOptions, isPlaced, optionsOfEntry } from './entry-options.ts';
import type { InetOptions } from './options.ts';

type Init = NonNullable<EntryInit<'FILES'>['isk']>;

const plain: Init = {
  ...{ id: 1, ino: 2, family: 2, type: 1, proto: 6, state: 10, srcPort: 80, dstPort: 0, flags: 2, backlog: 5 },
  ...{ srcAddr: [0x0100007f], dstAddr: [0] },
  fown: { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 },
  opts: {
    ...{ soSndbuf: 0, soRcvbuf: 0, soSndTmoSec: 0n, soSndTmoUsec: 0n, soRcvTmoSec: 0n, soRcvTmoUsec: 0n },
  },
};
const entry = (more: Partial<Init> = {}) =>
  ({ id: 1, isk: create(InetSkEntrySchema, { ...plain, ...more } as never) }) as FileEntry & {
    readonly isk: NonNullable<FileEntry['isk']>;
  };
const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

test('an entry is taken as the kernel has such sockets', () => {
  expect(() => checkInet(entry())).not.toThrow();
  expect(entryWords(entry().isk)).toBe('TCP socket that listens at 127.0.0.1:80');
  const six = entry({
    family: 10,
    type: 2,
    proto: 17,
    state: 1,
    dstPort: 9,
    srcAddr: [0, 0, 0, 0],
    dstAddr: [0, 0, 0, 1 << 24],
  });
  expect(() => checkInet(six)).not.toThrow();
  expect(entryWords(six.isk)).toBe('UDP socket [::]:80 → [::1]:9');
  expect(namedOf(entry().isk).there).toBeNull();
});

test.each<[string, Partial<Init>]>([
  ['family', { family: 1 }],
  ['type', { type: 5 }],
  ['state', { state: 0 }],
  ['port', { srcPort: 65_536 }],
  ['other port', { dstPort: 70_000 }],
  ['backlog', { backlog: 2 ** 31 }],
  ['device of the address', { ifname: 'sixteen-letters!' }],
  ['length of the address', { srcAddr: [] }],
  ['length of an address of IPv6', { family: 10 }],
  ['ICMP filter', { ipOpts: { raw: { icmpvFilter: Array(9).fill(0) } } }],
])('the %s of a damaged entry is told', (_, more) => {
  expect(() => checkInet(entry(more))).toThrowError(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});

test('options come out of an entry as they went in, and only those that it has', () => {
  const shape = { family: 2, type: 1, protocol: 6 } as const;
  const all: InetOptions = new Map([
    ['IP_TOS', int(16)],
    ['IP_TTL', int(64)],
    ['IP_PKTINFO', int(1)],
    ['SO_KEEPALIVE', int(1)],
    ['SO_PRIORITY', int(3)],
    ['SO_LINGER', Buffer.concat([int(1), int(12)])],
    ['TCP_NODELAY', int(1)],
    ['TCP_KEEPIDLE', int(77)],
  ]);
  const changed: InetOptions = new Map([...all].filter(([name]) => name !== 'IP_TTL'));
  const { opts, ...others } = entryOfOptions(shape, all, changed);
  const found = optionsOfEntry(entry({ ...others, opts: { ...plain.opts, ...opts } } as Partial<Init>).isk);
  for (const [name, value] of changed) expect(found.get(name), name).toEqual(value);
  expect(found.has('IP_TTL'), 'one as in a new socket is not set').toBe(false);
  expect(optionsOfEntry(entry().isk).size, 'nothing is made up').toBe(0);
  expect([isPlaced('IP_TOS'), isPlaced('SO_LINGER'), isPlaced('TCP_USER_TIMEOUT')]).toEqual([true, true, false]);
});

test('old images have times of keepalive elsewhere', () => {
  const opts = { ...plain.opts, tcpKeepidle: 33 } as Init['opts'];
  expect(optionsOfEntry(entry({ opts } as Partial<Init>).isk).get('TCP_KEEPIDLE')).toEqual(int(33));
});

test('options of criujs.json are held to the table', () => {
  const options = (name: string, value: string) => optionsOfRecord({ options: [{ name, value }] });
  expect(options('TCP_USER_TIMEOUT', 'e8030000').get('TCP_USER_TIMEOUT')).toEqual(int(1000));
  expect(optionsOfRecord({}).size).toBe(0);
  expect(() => options('TCP_NONSENSE', '00')).toThrowError(/has no option TCP_NONSENSE/);
  expect(() => options('TCP_USER_TIMEOUT', '00'.repeat(5))).toThrowError(/TCP_USER_TIMEOUT has 5 bytes/);
});
