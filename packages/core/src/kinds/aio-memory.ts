import { aioEventSize, aioPoll, aioRequest, aioRing, readable } from '../facts/aio.ts';
import { pageSize } from '../facts/memory.ts';

/** Where a ring of AIO is: positions in its places. Events from the head up to the tail wait. */
export interface AioPositions {
  readonly places: number;
  readonly head: number;
  readonly tail: number;
  readonly waiting: number;
}

/** How many places a ring of so many bytes has. `aio_setup_ring` in fs/aio.c of the kernel */
export function placesIn(bytes: number): number {
  return Math.floor((bytes - aioRing.events) / aioEventSize);
}

/**
 * The most that io_setup(2) can be asked for to make a ring of so many bytes: the kernel doubles it, and adds two. Images say that, as
 * CRIU does.
 */
export function requestsFor(bytes: number): number {
  return Math.floor((placesIn(bytes) - 2) / 2);
}

/** The least: it counts against fs.aio-max-nr, and what the program has asked for nobody knows. */
export function fewestRequestsFor(bytes: number): number {
  return Math.max(1, requestsFor(bytes - pageSize) + 1);
}

/** Reads the head of a ring. null: it is none of a ring of so many bytes. */
export function positionsIn(head: Buffer, bytes: number): AioPositions | null {
  const word = (at: number): number => head.readUInt32LE(at);
  const places = placesIn(bytes);
  const isHead =
    word(aioRing.magic) === aioRing.magicNumber &&
    word(aioRing.incompatible) === 0 &&
    word(aioRing.headLength) === aioRing.events &&
    word(aioRing.places) === places;
  const [first, last] = [word(aioRing.head), word(aioRing.tail)];
  if (!isHead || first >= places || last >= places) return null;
  return { places, head: first, tail: last, waiting: (last - first + places) % places };
}

/** A request that ends when a descriptor is readable. */
export function pollRequest(descriptor: number): Buffer {
  const bytes = Buffer.alloc(aioRequest.size);
  bytes.writeUInt16LE(aioPoll, aioRequest.operation);
  bytes.writeUInt32LE(descriptor, aioRequest.descriptor);
  bytes.writeUInt32LE(readable, aioRequest.events);
  return bytes;
}

/** The array that io_submit(2) takes, of so many times the same request. */
export function sameRequest(address: number, count: number): Buffer {
  const bytes = Buffer.alloc(count * 8);
  for (let at = 0; at < count; at++) bytes.writeBigUInt64LE(BigInt(address), at * 8);
  return bytes;
}
