import { aioEmptyLines } from './aio-empty-lines.ts';
import { aioFillLines } from './aio-fill-lines.ts';
import { assemble, type Line, type Machine } from './assemble.ts';
import { batchLines } from './blob.ts';

/** The code that counts the free places of a ring, and then runs through a table of calls as `blob.offsets.batch` does. */
export const aioLines: readonly Line[] = [
  ...aioFillLines,
  ...aioEmptyLines,
  ...batchLines,
  ['mov eax,0xf', 0xb8, 0x0f, 0x00, 0x00, 0x00], // rt_sigreturn
  ['syscall', 0x0f, 0x05],
  ['ud2', 0x0f, 0x0b],
];

export const aioCode: Machine = assemble(aioLines);

/**
 * Where in the memory at rbx the words of 8 bytes are that it works with. Those of its own are zeros before: the ring's head
 * (0x68), the place of the next event to look at (0x70), how many of its own it has seen (0x78), the next processor (0x88), and
 * the ring's tail (0x98).
 */
export const aioLayout = {
  /** Given: the ring's address, its places, an array of addresses of the same `struct iocb`, and that. */
  ring: 0x00,
  places: 0x08,
  requests: 0x10,
  request: 0x18,
  /** Given: free addresses for twice the ring's bytes, and these bytes. */
  scratch: 0x20,
  bytes: 0x28,
  /** Given: how many requests fit into a new ring; answered: how many fit if none is in flight. */
  expected: 0x30,
  /** Given: on how many processors it looks for them; four sets of processors. */
  processors: 0x38,
  sets: 0x40,
  /** Answers: how many requests fitted, how many events of others came, what the last call of the first part came to. */
  accepted: 0x48,
  others: 0x50,
  answer: 0x58,
  /** Given: how long the array is. */
  count: 0x60,
  /** Given: 1, which is written to the eventfd. */
  one: 0x90,
  /** Given: 1, a word of 4 bytes. It is 0 in the end, and who waits for it with futex(2) is woken. */
  busy: 0xa0,
  size: 0xa8,
} as const;

/** Bytes of each set of processors: as it is, all that it may have, one, and all (given as ones). sched_setaffinity(2) */
export const aioSetSize = 0x80;
