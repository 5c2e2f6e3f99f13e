import { readMaps, readMemory, unlessGone, type Vma } from '@criujs/linux';
import { ringLayout, ringSizes } from '../../../facts/io-uring.ts';
import { scanPages } from '../../../memory/scan.ts';
import type { RingCounters } from './counters.ts';
import { ringBytes } from './memory.ts';

// How a ring was set up the kernel does not tell. libuv keeps what it was told then, beside the addresses of both maps, which no other
// memory holds in that order. It sets up rings in two ways, apart from those with a thread, and registers nothing with them.

/** A ring in the memory of its process. */
interface MappedRing {
  readonly queues: number;
  readonly submissions: number;
}

/** Places in `struct uv__iou` of libuv since 1.45, from its address of the queues on, in bytes. src/uv-common.h of libuv */
const place = { queues: 0, completions: 8, submissions: 16, lengths: 24, ring: 56, end: 64 } as const;
/** The lengths there: up to the end of the indexes, of the completions, the larger of both, of the submissions. */
const lengthsAt = { indexes: 24, completions: 32, submissions: 48 } as const;

/** Memory is searched in pieces of this many bytes, which overlap. */
const pieceLength = 2 ** 20;

/**
 * Finds what libuv knows of a ring of its own. Looks only.
 * @param fds the numbers under which the process has the ring
 * @returns whether it is indexed; null: libuv does not know it
 */
export function libuvRing(
  pid: number,
  ring: MappedRing,
  fds: readonly number[],
  counters: RingCounters,
): { readonly isIndexed: boolean } | null {
  const pattern = Buffer.alloc(place.lengths);
  pattern.writeBigUInt64LE(BigInt(ring.queues), place.queues);
  pattern.writeBigUInt64LE(BigInt(ring.queues + ringLayout.completions.at), place.completions);
  pattern.writeBigUInt64LE(BigInt(ring.submissions), place.submissions);
  for (const found of search(pid, pattern)) {
    const isIndexed = readIndexed(found, counters);
    if (isIndexed !== null && fds.includes(found.readInt32LE(place.ring))) return { isIndexed };
  }
  return null;
}

/** Without indexes the kernel gives 0 as their place. null: this is not libuv's. */
function readIndexed(found: Buffer, { entries, completions }: RingCounters): boolean | null {
  const length = (at: number): number => Number(found.readBigUInt64LE(at));
  const indexed = ringBytes({ entries, completions, isIndexed: true });
  const plain = ringBytes({ entries, completions, isIndexed: false });
  if (length(lengthsAt.completions) !== plain.queues || length(lengthsAt.submissions) !== plain.submissions)
    return null;
  if (length(lengthsAt.indexes) === indexed.queues) return true;
  return length(lengthsAt.indexes) === entries * ringSizes.index ? false : null;
}

/** What follows each place of a process's own memory where the pattern is, itself included. */
function* search(pid: number, pattern: Buffer): Iterable<Buffer> {
  for (const { start, end } of searched(pid)) {
    for (let from = start; from < end; from += pieceLength) {
      const length = Math.min(end - from, pieceLength + place.end);
      const piece = unlessUnreadable(() => readMemory(pid, from, length));
      for (let at = piece.indexOf(pattern); at >= 0; at = piece.indexOf(pattern, at + 1))
        if (at + place.end <= piece.length) yield piece.subarray(at, at + place.end);
    }
  }
}

/** The pages that hold something, of the heap first and then of small maps: it comes from malloc(3). */
function* searched(pid: number): Iterable<{ readonly start: number; readonly end: number }> {
  const maps = unlessGone<Vma[]>(() => readMaps(pid), []).filter(isOwn);
  const rank = ({ name, start, end }: Vma): number => (name === '[heap]' ? 0 : end - start);
  for (const { start, end } of maps.toSorted((a, b) => rank(a) - rank(b))) {
    const range = { start, end, changedOnly: false, whole: false, guardsOnly: false, lazy: false };
    yield* unlessGone(() => scanPages(pid, [range]).runs, []);
  }
}

function isOwn({ shared, read, write, name }: Vma): boolean {
  return read && write && !shared && (name === '' || name === '[heap]' || name.startsWith('[anon:'));
}

/** A process that runs may give memory back meanwhile. */
function unlessUnreadable(read: () => Buffer): Buffer {
  try {
    return read();
  } catch {
    return Buffer.alloc(0);
  }
}
