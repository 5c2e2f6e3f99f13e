import { aioCode, aioLayout, aioSetSize, readMaps, readMemory, type Vma, writeMemory } from '@criujs/linux';
import { futex } from '../../facts/tasks.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { findHole } from '../../machinery/infect/hole.ts';
import { pollRequest, sameRequest } from '../aio-memory.ts';
import { possibleProcessors } from './aio-slots.ts';
import type { Talk } from './kind.ts';

// The kernel does not show whether a request of a ring is in flight. But each takes one of the ring's places until its event is read:
// where as many requests more fit as into a new ring, less those whose events wait, none is in flight. So the process fills its own ring
// with requests that wait for an eventfd, counts them, and makes them end. Once as many have ended as the ring has places, it is exactly
// where it was; its events are put back, also those of requests of the program that ended meanwhile. All of that is one piece of machine
// code, which runs to its end also if the engine dies; other threads wait that long, so that none sees the ring meanwhile.

/** Where all parts are in the memory of ours in the process. */
const parts = { request: 0x100, sets: 0x200, array: 0x400 } as const;
const requestsAtOnce = 256;
/** How long other threads wait at most, should the engine die before the code begins: `struct timespec`, one second. */
const patience = { size: 16, seconds: 1n } as const;

/** What filling a ring came to. */
export interface Filled {
  /** How many requests fitted, and how many would have if none were in flight. */
  readonly accepted: number;
  readonly expected: number;
  /** What the call came to that fitted no more: a negated error number. */
  readonly answer: number;
}

/**
 * Counts how many requests fit into a ring, and leaves it as it was.
 * @param fits how many fit into a new ring
 * @returns null where its threads cannot all wait meanwhile, or its address space is full: nothing was done then
 */
export function fillRing(
  { pid }: FrozenTask,
  { start, end }: Vma,
  places: number,
  fits: number,
  { area, runCode }: Talk,
): Filled | null {
  const bytes = end - start;
  const scratch = findHole(readMaps(pid), 2 * bytes);
  if (scratch === null) return null;
  const at = area.start;
  const memory = Buffer.alloc(parts.array + requestsAtOnce * 8);
  const given: readonly (readonly [keyof typeof aioLayout, number])[] = [
    ['ring', start],
    ['places', places],
    ['requests', at + parts.array],
    ['request', at + parts.request],
    ['scratch', scratch],
    ['bytes', bytes],
    ['expected', fits],
    ['processors', possibleProcessors()],
    ['sets', at + parts.sets],
    ['count', requestsAtOnce],
    ['one', 1],
    ['busy', 1],
  ];
  for (const [name, value] of given) memory.writeBigUInt64LE(BigInt(value), aioLayout[name]);
  pollRequest(0).copy(memory, parts.request);
  memory.fill(0xff, parts.sets + 3 * aioSetSize, parts.sets + 4 * aioSetSize);
  sameRequest(at + parts.request, requestsAtOnce).copy(memory, parts.array);
  writeMemory(pid, at, memory);
  if (!runCode(aioCode.code, at, waitFor(at + aioLayout.busy))) return null;
  const answers = readMemory(pid, at, aioLayout.size);
  return {
    expected: Number(answers.readBigInt64LE(aioLayout.expected)),
    accepted: Number(answers.readBigInt64LE(aioLayout.accepted)),
    answer: Number(answers.readBigInt64LE(aioLayout.answer)),
  };
}

/** Waits until a word is no longer 1. futex(2) */
function waitFor(word: number): Parameters<Talk['runCode']>[2] {
  const time = Buffer.alloc(patience.size);
  time.writeBigInt64LE(patience.seconds);
  return {
    size: patience.size,
    count: 1,
    bytes: time,
    calls: (start) => [['futex', word, futex.wait | futex.private, 1, start]],
  };
}
