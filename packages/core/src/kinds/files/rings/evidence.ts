import { completionFlags, ringLayout, ringSizes } from '../../../facts/io-uring.ts';
import { pageSize } from '../../../facts/memory.ts';
import type { Problem } from '../held.ts';
import type { RingCounters } from './counters.ts';
import { isThere, mapRing, type RingMemory, ringBytes } from './memory.ts';

// What a ring's memory tells of its setup: how much of it there is, and what its history has left in it.

type Part = Pick<Problem, 'why' | 'remedy'>;

const older = {
  why: 'its memory does not tell yet how it was set up (with wide entries, with or without a list of indexes)',
  remedy: 'Dump it when it has made more operations than it has room for, or close it before the dump.',
} as const;

const multishot = {
  why: 'an operation of it gives completions again and again (IORING_CQE_F_MORE), and nothing tells whether it has ended',
  remedy: 'Let the program do without multishot operations.',
} as const;

/**
 * Whether a ring is indexed, or why its memory does not tell. Looks only.
 * @param fd a descriptor of the engine's
 */
export function evidentSetup(fd: number, counters: RingCounters): { readonly isIndexed: boolean } | Part {
  const memory = mapRing(fd, { ...counters, isIndexed: false });
  try {
    if (!isNarrow(fd, memory, counters)) return older;
    if (hasMore(memory, counters)) return multishot;
    const isIndexed = indexed(fd, memory, counters);
    return isIndexed === null ? older : { isIndexed };
  } finally {
    memory.unmap();
  }
}

/** Whether entries have their usual sizes (no IORING_SETUP_SQE128, no IORING_SETUP_CQE32). */
function isNarrow(fd: number, memory: RingMemory, { entries, completions, count }: RingCounters): boolean {
  const bytes = ringBytes({ entries, completions, isIndexed: false });
  const wide = 2 * bytes.queues - ringLayout.completions.at;
  const ofSubmissions = (): boolean =>
    count >= entries &&
    isZero(memory.read('submissions', bytes.submissions, bytes.submissions)) &&
    hasOdd(memory.read('submissions', 0, bytes.submissions), ringSizes.submission);
  const ofCompletions = (): boolean => {
    const behind = memory.read('queues', bytes.queues, wide - bytes.queues);
    const all = memory.read('queues', ringLayout.completions.at, bytes.queues - ringLayout.completions.at);
    return count >= completions && isList(behind, entries) && hasOdd(all, ringSizes.completion);
  };
  return (
    (!isThere(fd, 'submissions', 2 * bytes.submissions) ||
      (isSamePage(bytes.submissions, 2 * bytes.submissions) && ofSubmissions())) &&
    (!isThere(fd, 'queues', wide) || (isSamePage(bytes.queues, wide) && ofCompletions()))
  );
}

/** Whether a list says which submission comes next. null: either way it would look like this. */
function indexed(fd: number, memory: RingMemory, { entries, completions }: RingCounters): boolean | null {
  const plain = ringBytes({ entries, completions, isIndexed: false });
  const { queues } = ringBytes({ entries, completions, isIndexed: true });
  if (!isThere(fd, 'queues', queues)) return false;
  // The kernel fills whole pages, and nobody writes behind what is used.
  if (!isSamePage(plain.queues, queues)) return true;
  if (!isZero(memory.read('queues', plain.queues, queues - plain.queues)) || entries === 1) return true;
  // A list of zeros makes the kernel take the first submission each time: nobody would write another one.
  const others = memory.read('submissions', ringSizes.submission, plain.submissions - ringSizes.submission);
  return isZero(others) ? null : false;
}

/**
 * Whether an operation has announced more completions, as far back as they are kept. One that did so before that and goes on would be
 * seen by its count, unless another that ended without a completion makes up for it.
 */
function hasMore(memory: RingMemory, { completions }: RingCounters): boolean {
  const all = memory.read('queues', ringLayout.completions.at, completions * ringSizes.completion);
  return Array.from({ length: completions }, (_, at) =>
    all.readUInt32LE(at * ringSizes.completion + completionFlags.at),
  ).some((flags) => (flags & completionFlags.more) !== 0);
}

function isSamePage(length: number, longer: number): boolean {
  return Math.ceil(length / pageSize) === Math.ceil(longer / pageSize);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Whether every other entry of this size holds something: they are no halves. */
function hasOdd(bytes: Buffer, size: number): boolean {
  for (let at = size; at < bytes.length; at += 2 * size) if (!isZero(bytes.subarray(at, at + size))) return true;
  return false;
}

/** Whether it is a list of indexes or zeros, and nothing else behind. */
function isList(bytes: Buffer, entries: number): boolean {
  const length = Math.min(bytes.length, entries * ringSizes.index);
  for (let at = 0; at + ringSizes.index <= length; at += ringSizes.index)
    if (bytes.readUInt32LE(at) >= entries) return false;
  return isZero(bytes.subarray(length));
}
