import { arena, type Registers, readMemory, trySyscall } from '@criujs/linux';
import type { FrozenThread } from '../freeze/freeze.ts';

/** What can be read from outside a frozen thread. */
export interface ThreadState {
  /** Registers to come back with: an interrupted call starts again or tells EINTR. */
  readonly saved: Registers;
  readonly rseq: { readonly pointer: bigint; readonly size: number; readonly signature: number } | null;
  readonly robustList: { readonly head: bigint; readonly length: number };
  readonly pending: readonly Buffer[];
}

/** In-kernel results of a call that a signal cut short (include/linux/errno.h of the kernel). */
const restarts: ReadonlySet<bigint> = new Set([-512n, -513n, -514n]);
const restartBlock = -516n;
const eintr = -4n;
/** The two bytes of `syscall`. */
const syscallLength = 2n;

/** Reads what the kernel shows of a thread from outside, and moves it out of a restartable sequence. */
export function readThread(pid: number, thread: FrozenThread): ThreadState {
  const saved = afterInterruptedCall(thread.registers);
  const shown = thread.tracee.rseq();
  // Where the kernel cannot tell, the thread is asked later.
  const rseq = shown === 'unknown' ? null : shown;
  if (rseq !== null) leaveCriticalSection(pid, rseq.pointer, saved, thread.registers);
  return {
    saved,
    rseq,
    robustList: robustList(thread.tid),
    pending: thread.tracee.pendingSignals(false),
  };
}

/** ptrace shows the kernel's own result of an interrupted call; user space must see a restart or EINTR. */
function afterInterruptedCall(registers: Registers): Registers {
  const saved = registers.copy();
  const call = BigInt.asIntN(64, registers.get('orig_ax'));
  const result = BigInt.asIntN(64, registers.get('ax'));
  if (call < 0n) return saved;
  if (restarts.has(result)) saved.set('ax', call).set('ip', registers.get('ip') - syscallLength);
  // The kernel's own restart data cannot be carried over: a restore makes the call again (`engine/restore/waits.ts`); CRIU's gives EINTR.
  else if (result === restartBlock) saved.set('ax', BigInt.asUintN(64, eintr));
  return saved;
}

/** Inside a restartable sequence the kernel would move the thread to the abort handler: so do we. rseq(2), struct rseq_cs. */
function leaveCriticalSection(pid: number, pointer: bigint, saved: Registers, original: Registers): void {
  const descriptor = readMemory(pid, Number(pointer) + 8, 8).readBigUInt64LE(0);
  if (descriptor === 0n) return;
  const section = readMemory(pid, Number(descriptor), 32);
  const start = section.readBigUInt64LE(8);
  const end = start + section.readBigUInt64LE(16);
  const ip = saved.get('ip');
  if (ip < start || ip >= end) return;
  const abort = section.readBigUInt64LE(24);
  saved.set('ip', abort);
  original.set('ip', abort);
}

function robustList(tid: number): { head: bigint; length: number } {
  return arena.scope(() => {
    const out = arena.alloc(16);
    if (trySyscall('get_robust_list', tid, out.address, out.address + 8) < 0) return { head: 0n, length: 0 };
    return { head: out.view.getBigUint64(0, true), length: Number(out.view.getBigUint64(8, true)) };
  });
}
