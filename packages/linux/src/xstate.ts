import { arena, type Block } from './arena.ts';
import { executablePage, pageLength } from './executable.ts';
import { native } from './native.ts';
import type { FrameStep, ProcessorQuery, Registers, XstateLayout } from './processor/processor.ts';
import * as processor from './processor/processor.ts';
import { syscall } from './syscall.ts';

let known: XstateLayout | undefined;

/** The layout of the extended state on this machine. @throws LinuxError `UNSUPPORTED_PLATFORM` without xsave */
export function xstateLayout(): XstateLayout {
  known ??= withQuery(processor.readXstateLayout);
  return known;
}

/**
 * A signal frame that brings a thread back to `registers`, `mask` and `xstate` through rt_sigreturn, and leaves its
 * alternate signal stack alone. It must be written at `address`; rsp must be `address + 8` when rt_sigreturn is called.
 */
export function signalFrame(address: number, registers: Registers, mask: bigint, xstate: Uint8Array): Buffer {
  return signalFrames(address, [{ registers, mask }], xstate);
}

/**
 * Signal frames one after the other, `signalFrameHead` bytes apart, for code that falls into rt_sigreturn again and again: rsp
 * behind each but the last is that of the next, whatever its registers say. All bring back the same extended state, which lies
 * behind them.
 */
export function signalFrames(address: number, steps: readonly FrameStep[], xstate: Uint8Array): Buffer {
  return processor.buildSignalFrames(address, steps, xstate, xstateLayout());
}

/** How many bytes these frames take at an address divisible by 64. */
export function signalFramesLength(steps: number, xstate: Uint8Array): number {
  return processor.lengthOfSignalFrames(steps, xstate, xstateLayout());
}

/** Runs `body` with the processor's own answers, given by a little machine code in a page of its own. */
function withQuery<T>(body: (query: ProcessorQuery) => T): T {
  const { koffi } = native();
  const { code, labels } = processor.queryCode;
  const page = executablePage('criujs-query', code);
  const type = koffi.proto('void', ['int64_t']);
  const run = (label: string, io: Block): DataView => {
    koffi.call(BigInt(page + (labels[label] ?? 0)), type, io.address);
    return io.view;
  };
  try {
    return body({
      cpuid: (leaf, subleaf) =>
        arena.scope(() => {
          const io = arena.alloc(16);
          io.view.setUint32(0, leaf, true);
          io.view.setUint32(4, subleaf, true);
          const answer = run('cpuid', io);
          return { eax: answer.getUint32(0, true), ebx: answer.getUint32(4, true), ecx: answer.getUint32(8, true) };
        }),
      xgetbv: () => arena.scope(() => run('xgetbv', arena.alloc(8)).getBigUint64(0, true)),
    });
  } finally {
    syscall('munmap', page, pageLength);
  }
}
