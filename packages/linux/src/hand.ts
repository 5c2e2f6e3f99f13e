import { arena, type Block } from './arena.ts';
import { machineFunction } from './executable.ts';
import { batchEntryLength, batchResultOffset, batchTable, handCode, type RemoteCall } from './processor/processor.ts';
import { syscall, trySyscall } from './syscall.ts';

/** Calls, each with the only answer that is right. */
export interface ExpectedCall {
  readonly call: RemoteCall;
  readonly expect: number;
}

/**
 * A second thread of this process, which makes system calls while the first one waits: memory is moved on two processors. It
 * lives for one list of calls, knows nothing of Node and has all signals blocked.
 */
export interface Hand {
  /**
   * Starts on a list of calls; it ends early at the first that fails. What the calls use must stay until it is over.
   * @returns false where no thread can be made
   */
  start(calls: readonly ExpectedCall[]): boolean;
  /** Waits for the end, at most this long. @returns whether it has come */
  wait(milliseconds: number): boolean;
  /** Ends it after the call that it is making. Wait for the end all the same. */
  stop(): void;
  /** Once it is over: whether every call answered what was expected. */
  succeeded(): boolean;
}

/** CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM, _PARENT_SETTID and _CHILD_CLEARTID. clone(2). */
const threadFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000 | 0x10_0000 | 0x20_0000;
const SIG_SETMASK = 2;
const FUTEX_WAIT = 0;
const signalSetLength = 8;

/** Where in a hand's memory things are: the word with its thread's id, which the kernel clears at its end, and its table. */
const layout = { tid: 0, timeout: 16, table: 64 } as const;

/** What a call that was not made has for an answer. */
const notMade = -(2n ** 63n);

const noCall = 0xffff_ffff;

const startThread = machineFunction('criujs-hand', handCode, 'start', 6);

/**
 * Makes a hand, whose memory is the arena's: give it back only when it is not at work.
 * @param capacity the most calls of a list
 */
export function createHand(capacity: number): Hand {
  const block = arena.alloc(layout.table + capacity * batchEntryLength);
  const { view, bytes, address } = block;
  let expected: readonly number[] = [];
  const tid = (): number => view.getInt32(layout.tid, true);
  return {
    start(calls) {
      if (calls.length === 0 || calls.length > capacity) throw new RangeError(`${calls.length} calls for a hand`);
      bytes.set(batchTable(calls.map(({ call }) => call)), layout.table);
      calls.forEach((_, at) => {
        view.setBigInt64(resultAt(at), notMade, true);
      });
      expected = calls.map(({ expect }) => expect);
      return clone(block, calls.length);
    },
    wait(milliseconds) {
      const now = tid();
      if (now === 0 || milliseconds === 0) return now === 0;
      view.setBigInt64(layout.timeout, 0n, true);
      view.setBigInt64(layout.timeout + 8, BigInt(Math.round(milliseconds * 1e6)), true);
      trySyscall('futex', address + layout.tid, FUTEX_WAIT, now, address + layout.timeout);
      return tid() === 0;
    },
    stop() {
      // The next number is that of no call: its failure ends the list.
      for (let at = 0; at < expected.length; at++) view.setUint32(layout.table + at * batchEntryLength, noCall, true);
    },
    succeeded: () => expected.every((it, at) => view.getBigInt64(resultAt(at), true) === BigInt(it)),
  };
}

function resultAt(call: number): number {
  return layout.table + call * batchEntryLength + batchResultOffset;
}

/** The new thread gets all signals blocked: a handler of Node's would take it for the one that made it. */
function clone({ address }: Block, count: number): boolean {
  return arena.scope(() => {
    const all = arena.alloc(signalSetLength);
    const own = arena.alloc(signalSetLength);
    all.bytes.fill(0xff);
    syscall('rt_sigprocmask', SIG_SETMASK, all.address, own.address, signalSetLength);
    try {
      const tid = address + layout.tid;
      return startThread(threadFlags, 0, tid, tid, count, address + layout.table) > 0;
    } finally {
      syscall('rt_sigprocmask', SIG_SETMASK, own.address, 0, signalSetLength);
    }
  });
}
