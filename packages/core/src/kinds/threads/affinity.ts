import { arena, trySyscall } from '@criujs/linux';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { bytesOfSet, setFromBytes } from '../bits.ts';
import type { RestoredThread, ThreadKind } from './kind.ts';

/** Bytes of a set of 8192 processors, as many as a kernel may have (NR_CPUS). */
const setLength = 1024;

/** The processors that it may run on. sched_setaffinity(2). */
export const affinity: ThreadKind = {
  name: 'CPU affinity',
  describe: [{ subject: 'processes', taken: ['CPU affinity'] }],
  look({ tid }) {
    const set = affinityOf(tid);
    if (set === null) return {};
    return { record: { affinity: set === everyProcessor() ? 'all' : set.toString(16) } };
  },
  calls: (_, thread) => affinityCalls(thread),
};

function affinityCalls({ tid, recorded, warn }: RestoredThread): TaskCall[] {
  const wanted = recorded?.affinity;
  if (wanted === undefined) return [];
  const every = everyProcessor();
  const set = wanted === 'all' ? every : BigInt(`0x${wanted}`);
  const missing = set & ~every;
  if (missing !== 0n)
    warn(
      `thread ${tid} was bound to processors that it cannot have here (mask ${missing.toString(16)}): they are not there, or the cpuset leaves them out`,
    );
  const possible = set & every;
  if (possible === 0n || possible === affinityOf(tid)) return [];
  return [
    {
      name: 'sched_setaffinity',
      args: [0, setLength, bytesOfSet(possible, setLength)],
      optional: true,
      what: 'set the CPU affinity',
    },
  ];
}

/** The processors of a thread, bit 0 for processor 0; 0: the caller. */
function affinityOf(tid: number): bigint | null {
  return arena.scope(() => {
    const block = arena.alloc(setLength);
    const length = trySyscall('sched_getaffinity', tid, setLength, block.address);
    return length > 0 ? setFromBytes(block.bytes.subarray(0, length)) : null;
  });
}

let every: bigint | undefined;

/** What a thread may use that asks for all: the processors of the machine, or of the engine's cpuset. Found out once a run. */
function everyProcessor(): bigint {
  every ??= askForAll();
  return every;
}

/** Asks for all processors for the engine's own thread, and puts back what it had. */
function askForAll(): bigint {
  const before = affinityOf(0) ?? 0n;
  setOwn(Buffer.alloc(setLength, 0xff));
  const all = affinityOf(0) ?? before;
  if (all !== before) setOwn(bytesOfSet(before, setLength));
  return all;
}

function setOwn(set: Uint8Array): void {
  arena.scope(() => {
    const block = arena.alloc(setLength);
    block.bytes.set(set);
    trySyscall('sched_setaffinity', 0, setLength, block.address);
  });
}
