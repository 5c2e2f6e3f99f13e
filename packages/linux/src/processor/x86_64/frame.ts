import type { RegisterName, Registers } from './registers.ts';
import type { XstateLayout } from './xstate.ts';

/**
 * struct rt_sigframe (asm/sigframe.h, asm/sigcontext.h): a return address, a ucontext, and behind them the extended
 * state at an address divisible by 64.
 */
const field = {
  flags: 8,
  stackPointer: 24,
  stackFlags: 32,
  stackSize: 40,
  registers: 48,
  segments: 192,
  extendedState: 232,
  mask: 304,
} as const;

/** Bytes of a frame before its extended state: 440 of the structure, rounded up to where such a state may begin. */
export const signalFrameHead = 448;

/** The order of struct sigcontext. */
const registerOrder: readonly RegisterName[] = [
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
  'di',
  'si',
  'bp',
  'bx',
  'dx',
  'ax',
  'cx',
  'sp',
  'ip',
  'flags',
];

const UC_FP_XSTATE = 1;
const UC_SIGCONTEXT_SS = 2;
const UC_STRICT_RESTORE_SS = 4;
/** No such flag of sigaltstack(2): rt_sigreturn refuses the stack described here and leaves the thread's as it is. */
const invalidStackFlags = 4;

/** struct _fpx_sw_bytes, in the bytes of the x87 and SSE part that are left to software. */
const software = { magic: 464, extendedSize: 468, features: 472, size: 480 } as const;
const FP_XSTATE_MAGIC1 = 0x46505853;
const FP_XSTATE_MAGIC2 = 0x46505845;
const headerOffset = 512;
const headerLength = 64;

/** What rt_sigreturn makes of a thread. */
export interface FrameStep {
  readonly registers: Registers;
  readonly mask: bigint;
}

/** See `signalFramesLength`. */
export function lengthOfSignalFrames(steps: number, xstate: Uint8Array, layout: XstateLayout): number {
  return stateOffset(0, steps) + usedPart(xstate, layout).length + 4;
}

/** Where the extended state lies behind frames that begin at `address`. */
function stateOffset(address: number, steps: number): number {
  return Math.ceil((address + steps * signalFrameHead) / 64) * 64 - address;
}

/** See `signalFrames`. */
export function buildSignalFrames(
  address: number,
  steps: readonly FrameStep[],
  xstate: Uint8Array,
  layout: XstateLayout,
): Buffer {
  const state = usedPart(xstate, layout);
  const stateAt = address + stateOffset(address, steps.length);
  const frames = Buffer.alloc(stateAt - address + state.length + 4);
  for (const [index, step] of steps.entries()) {
    const at = index * signalFrameHead;
    const next = address + at + signalFrameHead + 8;
    const registers = index === steps.length - 1 ? step.registers : step.registers.copy().set('sp', next);
    writeHead(frames.subarray(at, at + signalFrameHead), { ...step, registers }, stateAt);
  }
  writeState(frames.subarray(stateAt - address), state, layout);
  return frames;
}

function writeHead(frame: Buffer, { registers, mask }: FrameStep, stateAt: number): void {
  frame.writeBigUInt64LE(BigInt(UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS), field.flags);
  frame.writeUInt32LE(invalidStackFlags, field.stackFlags);
  for (const [index, name] of registerOrder.entries()) {
    frame.writeBigUInt64LE(registers.get(name), field.registers + index * 8);
  }
  frame.writeUInt16LE(Number(registers.get('cs') & 0xffffn), field.segments);
  frame.writeUInt16LE(Number(registers.get('ss') & 0xffffn), field.segments + 6);
  frame.writeBigUInt64LE(BigInt(stateAt), field.extendedState);
  frame.writeBigUInt64LE(BigInt.asUintN(64, mask), field.mask);
}

function writeState(target: Buffer, state: Buffer, layout: XstateLayout): void {
  state.copy(target);
  target.writeUInt32LE(FP_XSTATE_MAGIC1, software.magic);
  target.writeUInt32LE(state.length + 4, software.extendedSize);
  target.writeBigUInt64LE(layout.xcr0, software.features);
  target.writeUInt32LE(state.length, software.size);
  target.writeUInt32LE(FP_XSTATE_MAGIC2, state.length);
}

/**
 * The state up to the last part that is in use. ptrace shows room for every part, but the kernel takes back no more
 * than the thread may use: with AMX, which a thread must ask for, a frame of full size would lose all but x87 and SSE.
 */
function usedPart(xstate: Uint8Array, layout: XstateLayout): Buffer {
  const bytes = Buffer.from(xstate);
  const present = bytes.readBigUInt64LE(headerOffset);
  let end = headerOffset + headerLength;
  for (let n = 2; n < 63; n++) {
    const part = (present & (1n << BigInt(n))) === 0n ? null : layout.component(n);
    if (part !== null) end = Math.max(end, part.offset + part.size);
  }
  return bytes.subarray(0, end);
}
