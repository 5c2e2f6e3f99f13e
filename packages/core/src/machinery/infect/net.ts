import {
  type FrameStep,
  type Registers,
  signalFrameHead,
  signalFrames,
  signalFramesLength,
  writeMemory,
} from '@criujs/linux';
import { everySignal } from '../../facts/tasks.ts';
import type { FrozenThread } from '../freeze/freeze.ts';
import { belowStack, type StackRange } from './below-stack.ts';
import type { ThreadState } from './threads.ts';

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
  /** Puts back what lay there before. */
  takeIn(): void;
  /** Where it lies. */
  readonly place: StackRange;
}

/** Finds the place of a thread's net. Nothing is written yet. */
export function netOf(pid: number, thread: FrozenThread, state: ThreadState): Net {
  const back = wayBack(thread, state);
  const length = signalFramesLength(frames, thread.xstate);
  const place = belowStack(pid, thread, length);
  const { address } = place;
  return {
    held: place.isMapped,
    place,
    first: address + 8,
    last: address + (frames - 1) * signalFrameHead + 8,
    spread(call) {
      const steps = [{ registers: call, mask: everySignal }, back];
      if (place.isMapped) writeMemory(pid, address, signalFrames(address, steps, thread.xstate));
    },
    takeIn: place.putBack,
  };
}

/** What a thread is put back to without us: an interrupted call starts again, or tells EINTR. */
export function wayBack(thread: FrozenThread, state: ThreadState): FrameStep {
  return { registers: state.saved, mask: thread.mask };
}
