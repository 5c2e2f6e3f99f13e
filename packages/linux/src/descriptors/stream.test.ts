import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { arena } from '../arena.ts';
import { syscall } from '../syscall.ts';
import { makePipe, memfd } from './own.ts';
import { writable } from './ready.ts';
import { isStream, readNow, writeNow } from './stream.ts';

/** AF_UNIX; SOCK_STREAM and SOCK_DGRAM. socket(2). */
function socketPair(type: 1 | 2): [number, number] {
  return arena.scope(() => {
    const pair = arena.alloc(8);
    syscall('socketpair', 1, type, 0, pair.address);
    return [pair.view.getInt32(0, true), pair.view.getInt32(4, true)];
  });
}

const pairs = { pipe: () => makePipe(), socket: () => socketPair(1) } as const;

test('pipes and stream sockets are streams; files, folders, devices and other sockets are none', () => {
  const streams = [...makePipe(), ...socketPair(1)];
  const others = [memfd('file', Buffer.from('x')), openSync('/', 'r'), openSync('/dev/zero', 'r'), ...socketPair(2)];
  expect(streams.map(isStream)).toEqual(streams.map(() => true));
  expect(others.map(isStream)).toEqual(others.map(() => false));
  for (const fd of [...streams, ...others]) closeSync(fd);
});

for (const [kind, make] of Object.entries(pairs)) {
  test(`a ${kind} is read as far as it goes, and never waited for`, () => {
    const [read, write] = make();
    arena.scope(() => {
      const block = arena.alloc(100);
      expect(readNow(read, block.address, 100)).toBe(null);
      writeSync(write, 'some bytes');
      expect(readNow(read, block.address, 4)).toBe(4);
      expect(readNow(read, block.address + 4, 96)).toBe(6);
      expect(block.bytes.toString('latin1', 0, 10)).toBe('some bytes');
      expect(readNow(read, block.address, 100)).toBe(null);
      closeSync(write);
      expect(readNow(read, block.address, 100)).toBe(0);
    });
    closeSync(read);
  });

  test.each(['best', 'whole', 'pieces'] as const)(`a ${kind} takes what it has room for: %s`, (how) => {
    const [read, write] = make();
    const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => (at * 7 + (at >> 12)) & 255));
    const got: Buffer[] = [];
    let waits = 0;
    arena.scope(() => {
      const block = arena.alloc(bytes.length);
      block.bytes.set(bytes);
      for (let done = 0; done < bytes.length; ) {
        const put = writeNow(write, block.address + done, bytes.length - done, how);
        done += put ?? 0;
        if (put !== null) continue;
        waits++;
        const piece = Buffer.alloc(30_000);
        got.push(piece.subarray(0, readSync(read, piece)));
      }
    });
    closeSync(write);
    for (let piece = Buffer.alloc(1 << 20); ; piece = Buffer.alloc(1 << 20)) {
      const count = readSync(read, piece);
      if (count === 0) break;
      got.push(piece.subarray(0, count));
    }
    expect(waits).toBeGreaterThan(2);
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    closeSync(read);
  });

  test(`a ${kind} without a reader says so`, () => {
    const [read, write] = make();
    expect(writable([write])).toEqual([write]);
    closeSync(read);
    expect(writable([write])).toEqual([write]);
    arena.scope(() => {
      const { address } = arena.alloc(10);
      expect(() => writeNow(write, address, 10)).toThrowError(expect.objectContaining({ code: 'EPIPE' }));
    });
    closeSync(write);
  });
}
