import { readFileSync } from 'node:fs';
import { arena, errno, readMemory, syscall, trySyscall } from '@criujs/linux';
import { aioRing } from '../../facts/aio.ts';
import { fewestRequestsFor, pollRequest, sameRequest } from '../aio-memory.ts';

// The kernel hands places of a ring out to processors, several at a time: how many a process can fill depends on how many processors
// there may be. A new ring of our own tells.

/** A new ring of this machine. */
export interface NewRing {
  readonly places: number;
  /** How many requests fit into it, made on one processor. */
  readonly fits: number;
}

/** Bytes of a set of processors: 1024 of them. sched_setaffinity(2) */
const setSize = 128;
const atOnce = 256;

const known = new Map<number, NewRing>();

/** What a ring for so many bytes is like. It is made once for each size. @throws LinuxError EAGAIN: the machine's limit is reached */
export function newRing(bytes: number): NewRing {
  const found = known.get(bytes) ?? onOneProcessor(() => measure(fewestRequestsFor(bytes)));
  known.set(bytes, found);
  return found;
}

function measure(requests: number): NewRing {
  return arena.scope(() => {
    const out = arena.alloc(8);
    syscall('io_setup', requests, out.address);
    const context = Number(out.view.getBigUint64(0, true));
    const eventfd = trySyscall('eventfd2', 0, 0);
    try {
      const places = readMemory(process.pid, context + aioRing.places, 4).readUInt32LE(0);
      return { places, fits: fill(context, eventfd) };
    } finally {
      syscall('io_destroy', context);
      trySyscall('close', eventfd);
    }
  });
}

/** Makes requests that do not end, as many as fit. @throws LinuxError where the kernel does not know them */
function fill(context: number, eventfd: number): number {
  const request = arena.alloc(pollRequest(eventfd).length);
  request.bytes.set(pollRequest(eventfd));
  const array = arena.alloc(atOnce * 8);
  array.bytes.set(sameRequest(request.address, atOnce));
  for (let all = 0; ; ) {
    const made = trySyscall('io_submit', context, atOnce, array.address);
    if (made === -errno.EAGAIN) return all;
    if (made < 0) syscall('io_submit', context, 1, array.address);
    all += made;
  }
}

/** Keeps this thread on the processor where it is: what it takes from another one would be missing. */
function onOneProcessor<T>(work: () => T): T {
  return arena.scope(() => {
    const [before, one, at] = [arena.alloc(setSize), arena.alloc(setSize), arena.alloc(8)];
    syscall('sched_getaffinity', 0, setSize, before.address);
    syscall('getcpu', at.address, 0, 0);
    const processor = at.view.getUint32(0, true);
    one.bytes.fill(0);
    one.bytes[processor >> 3] = 1 << (processor & 7);
    syscall('sched_setaffinity', 0, setSize, one.address);
    try {
      return work();
    } finally {
      syscall('sched_setaffinity', 0, setSize, before.address);
    }
  });
}

/**
 * How many processors there may be: the last of a list such as `0-3`. 0: nothing tells.
 * Documentation/admin-guide/cputopology.rst
 */
export function possibleProcessors(): number {
  try {
    const [last] = readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim().split(/[,-]/).slice(-1);
    return Math.min(Number(last) + 1, setSize * 8);
  } catch {
    return 0;
  }
}
