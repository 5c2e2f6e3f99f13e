import { expect, test } from 'vitest';
import { aioRing } from '../facts/aio.ts';
import { fewestRequestsFor, placesIn, pollRequest, positionsIn, requestsFor, sameRequest } from './aio-memory.ts';

function headOf(words: Partial<Record<Exclude<keyof typeof aioRing, 'events' | 'magicNumber'>, number>>): Buffer {
  const head = Buffer.alloc(aioRing.events);
  const usual = { places: 127, magic: aioRing.magicNumber, compatible: 1, headLength: 32 };
  for (const [name, value] of Object.entries({ ...usual, ...words }))
    head.writeUInt32LE(value, aioRing[name as keyof typeof aioRing]);
  return head;
}

test('the kernel makes a ring of the same size from what it is asked for, and a smaller one from less', () => {
  // io_setup(2) as the kernel does it, where processors do not make it more
  const bytesOf = (requests: number): number => Math.ceil((32 + 32 * (2 * requests + 2)) / 4096) * 4096;
  for (let pages = 1; pages < 300; pages++) {
    const bytes = pages * 4096;
    expect(bytesOf(requestsFor(bytes))).toBe(bytes);
    expect(bytesOf(requestsFor(bytes) + 1)).toBe(bytes + 4096);
    expect(bytesOf(fewestRequestsFor(bytes))).toBe(bytes);
    if (pages > 1) expect(bytesOf(fewestRequestsFor(bytes) - 1)).toBe(bytes - 4096);
  }
});

test('a page has 127 places', () => {
  expect(placesIn(4096)).toBe(127);
  expect(requestsFor(4096)).toBe(62);
});

test('events wait from the head up to the tail, also beyond the end', () => {
  expect(positionsIn(headOf({ head: 3, tail: 10 }), 4096)).toMatchObject({ head: 3, tail: 10, waiting: 7 });
  expect(positionsIn(headOf({ head: 125, tail: 2 }), 4096)).toMatchObject({ waiting: 4 });
  expect(positionsIn(headOf({}), 4096)).toEqual({ places: 127, head: 0, tail: 0, waiting: 0 });
});

test.each([
  ['another magic number', { magic: 1 }],
  ['a head beyond its places', { head: 127 }],
  ['a tail beyond its places', { tail: 4_000_000_000 }],
  ['other places than it has room for', { places: 126 }],
  ['a head of another length', { headLength: 64 }],
  ['a layout that is not known', { incompatible: 1 }],
] as const)('a ring with %s is none', (_, words) => {
  expect(positionsIn(headOf(words), 4096)).toBeNull();
});

test('a request waits for a descriptor, and its address is there as often as it is to be made', () => {
  const request = pollRequest(9);
  expect(request).toHaveLength(64);
  expect([request.readUInt16LE(16), request.readUInt32LE(20), request.readUInt32LE(24)]).toEqual([5, 9, 1]);
  expect(sameRequest(0x7f00_0000_1000, 3).readBigUInt64LE(16)).toBe(0x7f00_0000_1000n);
});
