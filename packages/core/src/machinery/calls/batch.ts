import {
  batchEntryLength,
  batchResultOffset,
  batchTable,
  blob,
  LinuxError,
  type Registers,
  type RemoteCall,
  readMemory,
  type SyscallArgument,
  type SyscallName,
  signals,
  syscallNumbers,
  syscallStopSignal,
  type Tracee,
  writeMemory,
} from '@criujs/linux';
import { allSignalsBut } from '../../facts/tasks.ts';

/** How a thread that runs a table of calls stops again. */
export interface BatchEnd {
  readonly thread: Tracee;
  readonly pid: number;
  /** The signal that ends a batch: one that does nothing in this task. */
  readonly stopSignal: number;
  /** Called for a SIGSTOP from elsewhere, which no mask blocks: it must be sent again at the end. */
  readonly stopped?: () => void;
}

/** Where a thread runs calls that we want: code that is mapped there, room for a table, and how to stop again. */
export interface BatchPlace extends BatchEnd {
  /** Registers to start from; only what a call needs is changed. */
  readonly base: Registers;
  /** The address of the blob of machine code in the task. */
  readonly code: number;
  readonly table: number;
  /** How many calls the table holds. */
  readonly capacity: number;
  /** `rsp` while it runs; a complete signal frame behind it makes a death of the engine harmless. */
  readonly stack: number;
}

/** Where the loop is, and what it runs through. */
export interface Loop {
  readonly code: number;
  readonly table: number;
  readonly calls: number;
  readonly stack: number;
}

/** Lets a thread run through a table that is there, from where `base` is: its end is waited for later. */
export function startBatch({ thread, stopSignal }: BatchEnd, base: Registers, loop: Loop): void {
  const registers = base
    .copy()
    .set('ip', loop.code)
    .set('r12', loop.table)
    .set('r13', loop.calls)
    .set('sp', loop.stack)
    .set('orig_ax', -1n);
  thread.setRegisters(registers);
  thread.setSignalMask(allSignalsBut(stopSignal));
  thread.resume();
}

/** The results in a table that was run through. */
export function resultsIn(table: Buffer, calls: number): number[] {
  return Array.from({ length: calls }, (_, at) =>
    Number(table.readBigInt64LE(at * batchEntryLength + batchResultOffset)),
  );
}

/** Lets the thread run a table of calls, about a microsecond each; gives their results, negative errno where one failed. */
export function runBatch(place: BatchPlace, calls: readonly RemoteCall[]): number[] {
  const { pid } = place;
  const results: number[] = [];
  for (let from = 0; from < calls.length; from += place.capacity - 1) {
    const part = calls.slice(from, from + place.capacity - 1);
    writeMemory(pid, place.table, batchTable([...part, closingCall(place)]));
    const { code, table, stack } = place;
    startBatch(place, place.base, { code: code + blob.offsets.batch, table, calls: part.length + 1, stack });
    waitForEnd(place);
    results.push(...resultsIn(readMemory(pid, table, part.length * batchEntryLength), part.length));
  }
  return results;
}

/** What stands at the end of a table: the signal that the thread sends itself. */
export function closingCall({ thread, pid, stopSignal }: BatchEnd): RemoteCall {
  return ['tgkill', pid, thread.tid, stopSignal];
}

/** The batch is over when its last call, the signal to itself, shows, with no calls left in the count. */
export function waitForEnd(place: BatchEnd): void {
  for (;;) {
    const stop = place.thread.waitStop();
    if (stop.event === 0 && stop.signal === place.stopSignal && place.thread.registers().get('r13') <= 1n) return;
    passOver(place, stop);
    place.thread.resume();
  }
}

/** A call of one thread through one `syscall` instruction. */
export interface CallPlace {
  readonly thread: Tracee;
  readonly base: Registers;
  /** The address of a `syscall` instruction in the task. */
  readonly instruction: number;
  readonly stack: number;
  readonly stopped?: () => void;
}

const argumentRegisters = ['di', 'si', 'dx', 'r10', 'r8', 'r9'] as const;

/**
 * One call, from syscall stop to syscall stop. No single step and no breakpoint: should the engine die meanwhile, the
 * thread goes on to the code behind the instruction.
 *
 * @param ready runs when the registers are set and the thread does not run yet: the place to block signals.
 */
export function callOnce(
  place: CallPlace,
  name: SyscallName,
  args: readonly SyscallArgument[],
  ready?: () => void,
): number {
  const { thread } = place;
  const registers = place.base
    .copy()
    .set('ax', syscallNumbers[name])
    .set('orig_ax', -1n)
    .set('ip', place.instruction)
    .set('sp', place.stack);
  argumentRegisters.forEach((register, at) => {
    registers.set(register, BigInt.asUintN(64, BigInt(args[at] ?? 0)));
  });
  thread.setRegisters(registers);
  ready?.();
  for (let stops = 0; stops < 2; ) {
    thread.resumeToSyscall();
    const stop = thread.waitStop();
    if (stop.event === 0 && stop.signal === syscallStopSignal) stops++;
    else passOver(place, stop);
  }
  const result = Number(BigInt.asIntN(64, thread.registers().get('ax')));
  if (result < 0 && result >= -4095) throw new LinuxError(name, -result);
  return result;
}

function passOver(place: { readonly stopped?: () => void }, stop: { signal: number; event: number }): void {
  if (stop.event === 0 && stop.signal === signals.SIGSTOP) place.stopped?.();
}
