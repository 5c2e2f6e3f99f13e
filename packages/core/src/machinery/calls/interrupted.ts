import { errno, type Registers, readMemory, syscallNumbers, type Tracee } from '@criujs/linux';
import { type Wait, waitOf } from '../../facts/waits.ts';

/** The instruction `syscall`. Intel SDM volume 2. */
const syscallInstruction = Buffer.from([0x0f, 0x05]);
/** `mov $number, %eax`, as it stands before `syscall` in most programs. Intel SDM volume 2. */
const move = { opcode: 0xb8, length: 5 } as const;

/** A stopped thread with the memory of its process, and what it is to block when it runs. */
export interface StoppedThread {
  readonly pid: number;
  readonly tracee: Tracee;
  readonly mask: bigint;
}

/** A wait that somebody cut short without a signal for the program. */
export interface InterruptedCall {
  readonly number: number;
  readonly wait: Wait;
  /** Registers that make the call once more. */
  readonly again: Registers;
}

/**
 * The call that returns EINTR by these registers though the program has got no signal, and gets none.
 *
 * @param registers with the call that was made in `orig_ax`: the kernel sets that to -1 once a handler has run
 */
export function interruptedCall(thread: StoppedThread, registers: Registers): InterruptedCall | undefined {
  const made = Number(BigInt.asIntN(64, registers.get('orig_ax')));
  if (made < 0 || BigInt.asIntN(64, registers.get('ax')) !== -BigInt(errno.EINTR)) return undefined;
  const instruction = registers.get('ip') - BigInt(syscallInstruction.length);
  if (bytes(thread.pid, instruction, syscallInstruction.length)?.equals(syscallInstruction) !== true) return undefined;
  const number = made === syscallNumbers.restart_syscall ? numberBefore(thread.pid, instruction) : made;
  const wait = waitOf(number);
  if (wait === undefined || willBeInterrupted(thread)) return undefined;
  return { number, wait, again: registers.copy().set('ax', BigInt(number)).set('ip', instruction).set('orig_ax', -1n) };
}

/** Once the kernel went on with a call, the registers do not tell which it is: the code does. -1: not here. restart_syscall(2). */
function numberBefore(pid: number, instruction: bigint): number {
  const before = bytes(pid, instruction - BigInt(move.length), move.length);
  return before?.[0] === move.opcode ? before.readInt32LE(1) : -1;
}

function bytes(pid: number, address: bigint, length: number): Buffer | null {
  try {
    return readMemory(pid, Number(address), length);
  } catch {
    return null;
  }
}

/** A signal that waits will interrupt the call, as it would have done without us. */
function willBeInterrupted({ tracee, mask }: StoppedThread): boolean {
  return [false, true].some((shared) =>
    tracee.pendingSignals(shared).some((info) => ((mask >> BigInt(info.readInt32LE(0) - 1)) & 1n) === 0n),
  );
}
