import { readMemory, signalFrame, writeMemory } from '@criujs/linux';
import type { FrozenThread } from './freeze.ts';
import type { ThreadState } from './threads.ts';

/** The red zone of the System V ABI: leaf functions keep data below `rsp`. */
const redZone = 128;

/** A signal frame below a thread's red zone, to fall into. */
export interface Net {
  /** What `rsp` must be for rt_sigreturn to find it. */
  readonly stack: number;
  /** False where the stack ends too soon: then there is none. */
  readonly held: boolean;
  /** Puts back what lay there before: some runtimes keep other data below the stack pointer. */
  takeIn(): void;
}

/** Writes a complete signal frame, that puts the thread back as it was found, below its stack. */
export function spreadNet(pid: number, thread: FrozenThread, state: ThreadState): Net {
  const need = frameSize(thread);
  const address = Number((thread.registers.get('sp') - BigInt(redZone + need)) & ~63n);
  const below = tryRead(pid, address, need);
  if (below === null) return { stack: Number(thread.registers.get('sp')), held: false, takeIn: () => undefined };
  writeMemory(pid, address, signalFrame(address, state.saved, thread.mask, thread.xstate));
  return { stack: address + 8, held: true, takeIn: () => writeMemory(pid, address, below) };
}

/** rt_sigframe without its floating point state is below 1 KiB; the rest is alignment. */
function frameSize(thread: FrozenThread): number {
  return 1024 + 64 + 64 + thread.xstate.length + 64;
}

function tryRead(pid: number, address: number, length: number): Buffer | null {
  try {
    return readMemory(pid, address, length);
  } catch {
    // The stack ends here: without a frame the first call is made all the same.
    return null;
  }
}
