import type { EngineError } from '@criujs/engine-kit';
import type { ThreadInfoX86 } from '@criujs/images';
import { ptraceEvent, type Registers, syscallStopSignal, type Tracee } from '@criujs/linux';
import { invalid } from '../../kinds/rules.ts';
import { interruptedCall, type StoppedThread } from '../../machinery/calls/interrupted.ts';

/** The kernel's own: go on with what it knows of the wait (ERESTART_RESTARTBLOCK). Linux, include/linux/errno.h. */
const restartBlock: bigint = BigInt.asUintN(64, -516n);

/**
 * Puts a thread back into the call that it waited in. The images say EINTR there, as CRIU's do: but nothing has interrupted it that
 * the program could know of. Where nobody knows how much of the wait is left it begins anew, and is never shorter than it may be.
 *
 * @param thread has the program's registers and memory, and runs nothing of ours any more; all its signals are blocked
 * @throws EngineError IMAGE_INVALID
 */
export function waitAgain(thread: StoppedThread, registers: Registers, info: ThreadInfoX86, file: string): void {
  const { tracee } = thread;
  const call = interruptedCall(thread, registers.copy().set('orig_ax', info.gpregs?.origAx ?? -1n));
  if (call === undefined) return;
  const { wait, number, again } = call;
  if (wait === 'again' || !knowsWhatIsLeft(registers, wait)) {
    tracee.setRegisters(again);
    return;
  }
  // The kernel is to wait for what is left, and the program to find the arguments that it gave.
  tracee.setRegisters(again.set(wait.request, registers.get(wait.left)));
  untilInterrupted(tracee, file);
  const ax = tracee.registers().get('ax');
  const ended = registers.copy().set('ax', ax);
  tracee.setRegisters(ax === restartBlock ? ended.set('orig_ax', BigInt(number)) : ended);
}

/** It has a place for what is left, and that is not where the time was that it asked for: then the call is made again as it was. */
function knowsWhatIsLeft(
  registers: Registers,
  { request, left }: { request: 'di' | 'dx'; left: 'si' | 'r10' },
): boolean {
  const place = registers.get(left);
  return place !== 0n && place !== registers.get(request);
}

/**
 * Lets it enter the call, and takes it out at once. Only where the stop is that of the interrupt does the kernel see to it that the call
 * goes on; any stop before would use the interrupt up.
 */
function untilInterrupted(tracee: Tracee, file: string): void {
  const first = toSyscall(tracee);
  // A stop that was asked for before comes first.
  const entered = first.event === ptraceEvent.STOP ? toSyscall(tracee) : first;
  if (entered.event !== 0 || entered.signal !== syscallStopSignal) throw notAgain(file);
  tracee.interrupt();
  tracee.resume();
  if (tracee.waitStop().event !== ptraceEvent.STOP) throw notAgain(file);
}

function toSyscall(tracee: Tracee): { readonly signal: number; readonly event: number } {
  tracee.resumeToSyscall();
  return tracee.waitStop();
}

function notAgain(file: string): EngineError {
  return invalid(file, 'the call that the thread waited in cannot be made again');
}
