import { fstatSync } from 'node:fs';
import { arena, closeFd, syscall } from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Held } from '../../../machinery/guard/holds.ts';
import { hasError } from '../pipe-content.ts';
import { readOption, socketOption, writeOptionBytes } from '../sockets.ts';
import { socketTypes } from './entry.ts';
import { peekQueue, type WaitingPacket } from './queue.ts';
import { fillQueue } from './refill.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const own = { pid: process.pid, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const held: Held[] = [];
const open: number[] = [];

beforeEach(() => void held.splice(0));
afterEach(() => open.splice(0).forEach(closeFd));

function pair(type: number): [number, number] {
  const made = arena.scope(() => {
    const { view, address } = arena.alloc(8);
    syscall('socketpair', 1, type, 0, address);
    return [view.getInt32(0, true), view.getInt32(4, true)] as [number, number];
  });
  open.push(...made);
  return made;
}

function peek(fd: number, type: number): string[] {
  const packets = peekQueue(fd, { type, shut: 0 }, 'a socket', (it, make) => {
    held.push(it);
    return make();
  });
  return packets.map(({ bytes }) => Buffer.from(bytes).toString());
}

function fill(fd: number, type: number, packets: readonly WaitingPacket[]): string[] {
  const warnings: string[] = [];
  fillQueue(packets, {
    fd,
    type,
    what: 'a socket',
    descriptor: (id) => id,
    now: (pid) => pid,
    warn: (text) => void warnings.push(text),
  });
  return warnings;
}

const noName = new Uint8Array();
const nobodysPackets = (...texts: string[]): WaitingPacket[] =>
  texts.map((text) => ({ bytes: Buffer.from(text), credentials: null, from: noName, files: [] }));

onLinux.each(Object.entries(socketTypes))('what waits in a socket of the type %s stays there', (name, type) => {
  const [a, b] = pair(type);
  const long = 'x'.repeat(100_000);
  expect(peek(b, type)).toEqual([]);
  expect(fill(a, type, nobodysPackets('one', 'two', long))).toEqual([]);
  const expected = name === 'stream' ? [`onetwo${long}`] : ['one', 'two', long];
  expect(peek(b, type)).toEqual(expected);
  expect(peek(b, type)).toEqual(expected);
  expect(readOption(b, socketOption.SO_PEEK_OFF)).toBe(-1);
});

onLinux('a look that moves on is undone if the dump is killed; one at a short stream is none', () => {
  const [a, b] = pair(socketTypes.datagram);
  fill(a, socketTypes.datagram, nobodysPackets('one', ''));
  expect(peek(b, socketTypes.datagram)).toEqual(['one', '']);
  expect(held).toMatchObject([
    { atCommit: 'undone', undo: [['setsockopt', { fd: b }, 1, 42, Buffer.alloc(4, 0xff), 4]] },
  ]);
  const [c, d] = pair(socketTypes.stream);
  fill(c, socketTypes.stream, nobodysPackets('short'));
  expect(peek(d, socketTypes.stream)).toEqual(['short']);
  expect(held).toHaveLength(1);
});

onLinux('who sent something is seen and sent along where the socket passes it on', () => {
  const [a, b] = pair(socketTypes.datagram);
  fill(a, socketTypes.datagram, nobodysPackets('nobody asked'));
  writeOptionBytes(b, socketOption.SO_PASSCRED, Buffer.from([1, 0, 0, 0]));
  fill(a, socketTypes.datagram, [{ bytes: Buffer.from('mine'), credentials: own, from: noName, files: [] }]);
  const packets = peekQueue(b, { type: socketTypes.datagram, shut: 0 }, 'a socket', (_, make) => make());
  expect(packets.map(({ credentials }) => credentials)).toEqual([null, own]);
});

onLinux('a sender that is gone is a warning', () => {
  const [a] = pair(socketTypes.datagram);
  const gone = { ...own, pid: 2 ** 22 };
  expect(
    fill(a, socketTypes.datagram, [{ bytes: Buffer.from('x'), credentials: gone, from: noName, files: [] }]),
  ).toEqual([
    expect.stringMatching(/^a socket: who sent what waits in it \(process 4194304, user \d+\) cannot be told any more/),
  ]);
});

onLinux('an error that waits beside what was sent is not taken away', () => {
  const reset = (type: number): number => {
    const [a, b] = pair(type);
    fill(b, type, nobodysPackets('unread'));
    fill(a, type, nobodysPackets('last'));
    closeFd(a);
    open.splice(open.indexOf(a), 1);
    return b;
  };
  const stream = reset(socketTypes.stream);
  expect(peekQueue(stream, { type: socketTypes.stream, shut: 3 }, 'a socket', (_, make) => make())).toHaveLength(1);
  expect(hasError(stream)).toBe(true);
  const packets = reset(socketTypes.packets);
  expect(() => peek(packets, socketTypes.packets)).toThrow(/an error waits/);
  expect(hasError(packets)).toBe(true);
});

onLinux.each(Object.entries(socketTypes))(
  'files that come along in a socket of the type %s are seen and sent again',
  (_, type) => {
    const [a, b] = pair(type);
    const [one, other] = pair(socketTypes.datagram);
    fill(a, type, [
      { bytes: Buffer.from('first'), credentials: null, from: noName, files: [one, other] },
      { bytes: Buffer.from('second'), credentials: null, from: noName, files: [] },
      { bytes: Buffer.from('third'), credentials: null, from: noName, files: [other] },
    ]);
    const inodes = (fds: readonly number[]): number[] => fds.map((fd) => fstatSync(fd).ino);
    for (let look = 0; look < 2; look++) {
      const packets = peekQueue(b, { type, shut: 0 }, 'a socket', (_held, make) => make());
      expect(packets.map(({ bytes }) => Buffer.from(bytes).toString()).join('')).toBe('firstsecondthird');
      const files = packets.map((packet) => packet.files).filter(({ length }) => length > 0);
      expect(files.map(inodes)).toEqual([inodes([one, other]), inodes([other])]);
      // In a stream what came without any before them is not told apart.
      expect(packets.map((packet) => packet.files.length)).toEqual(type === socketTypes.stream ? [2, 1] : [2, 0, 1]);
      files.flat().forEach(closeFd);
    }
  },
);

onLinux('what would be lost is refused', () => {
  const [c, d] = pair(socketTypes.stream);
  fill(c, socketTypes.stream, nobodysPackets('text'));
  writeOptionBytes(d, socketOption.SO_PEEK_OFF, Buffer.from([0, 0, 0, 0]));
  expect(() => peek(d, socketTypes.stream)).toThrow(/SO_PEEK_OFF/);
});

onLinux('more than a socket takes is an error of the image', () => {
  const [a] = pair(socketTypes.datagram);
  const many = nobodysPackets(...Array.from({ length: 5000 }, () => 'x'.repeat(1000)));
  expect(() => fill(a, socketTypes.datagram, many)).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});
