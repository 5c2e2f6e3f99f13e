import type { Registers } from '@criujs/linux';
import { seccompMode } from '../../facts/seccomp.ts';
import { everySignal } from '../../facts/tasks.ts';
import type { FrozenThread } from '../freeze/freeze.ts';
import { type Net, netOf } from './net.ts';
import type { ThreadState } from './threads.ts';

/** A thread that runs calls of ours, or may. */
export interface Carrier {
  /** Its number in its process. */
  readonly at: number;
  readonly thread: FrozenThread;
  readonly state: ThreadState;
  readonly net: Net;
}

export function carrierOf(pid: number, at: number, thread: FrozenThread, state: ThreadState): Carrier {
  return { at, thread, state, net: netOf(pid, thread, state) };
}

/** Whether the kernel may end it for a call of ours once nobody traces it. seccomp(2). */
export function isFiltered({ thread: { status } }: Carrier): boolean {
  return status.seccomp !== seccompMode.disabled;
}

/** Comes after the registers, so that no moment has the program's registers and all signals blocked. */
export function block({ thread }: Carrier): void {
  thread.tracee.setSignalMask(everySignal);
}

/** As it was found: the mask first, for the same reason. Only in the stop of a signal or of an interrupt. */
export function putBack({ thread }: Carrier): void {
  thread.tracee.setSignalMask(thread.mask);
  thread.tracee.setRegisters(thread.registers);
}

/**
 * From the stop of a system call to that of an interrupt, without an instruction between the two.
 *
 * @param registers are those that it has meanwhile
 * @param stopLater is called for a SIGSTOP that comes first
 */
export function settle({ thread: { tracee } }: Carrier, registers: Registers, stopLater: () => void): void {
  tracee.setRegisters(registers);
  tracee.interrupt();
  tracee.resume();
  for (let stop = tracee.waitStop(); stop.event === 0; stop = tracee.waitStop()) {
    stopLater();
    tracee.resume();
  }
}
