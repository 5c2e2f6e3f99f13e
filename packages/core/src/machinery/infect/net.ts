import { type FrameStep, type Registers, readMemory, signalFrameHead, signalFrames, writeMemory } from '@criujs/linux';
import { everySignal } from '../../facts/tasks.ts';
import type { FrozenThread } from '../freeze/freeze.ts';
import type { ThreadState } from './threads.ts';

/** The red zone of the System V ABI: leaf functions keep data below `rsp`. */
const redZone = 128;
/** Signal frames that lie in a net. */
const frames = 2;

/**
 * Two signal frames below a thread's red zone, to fall into: the first makes one more call, the second puts the thread back as
 * it was found.
 */
export interface Net {
  /** False where the stack ends too soon: then there is none. */
  readonly held: boolean;
  /** What `rsp` must be for rt_sigreturn to find the first frame, and the second one. */
  readonly first: number;
  readonly last: number;
  /** Writes both. @param call registers that make the call; `rsp` behind it is `last` */
  spread(call: Registers): void;
  /** Puts back what lay there before: some runtimes keep other data below the stack pointer. */
  takeIn(): void;
}

/** Finds the place of a thread's net. Nothing is written yet. */
export function netOf(pid: number, thread: FrozenThread, state: ThreadState): Net {
  const back = wayBack(thread, state);
  const { length } = signalFrames(0, [back, back], thread.xstate);
  const address = Number((thread.registers.get('sp') - BigInt(redZone + length)) & ~63n);
  const below = tryRead(pid, address, length);
  return {
    held: below !== null,
    first: address + 8,
    last: address + (frames - 1) * signalFrameHead + 8,
    spread(call) {
      const steps = [{ registers: call, mask: everySignal }, back];
      if (below !== null) writeMemory(pid, address, signalFrames(address, steps, thread.xstate));
    },
    takeIn() {
      if (below !== null) writeMemory(pid, address, below);
    },
  };
}

/** What a thread is put back to without us: an interrupted call starts again, or tells EINTR. */
export function wayBack(thread: FrozenThread, state: ThreadState): FrameStep {
  return { registers: state.saved, mask: thread.mask };
}

function tryRead(pid: number, address: number, length: number): Buffer | null {
  try {
    return readMemory(pid, address, length);
  } catch {
    // The stack ends here.
    return null;
  }
}
