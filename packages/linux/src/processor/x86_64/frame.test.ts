import { expect, test } from 'vitest';
import { buildSignalFrames, signalFrameHead } from './frame.ts';
import { createRegisters, type Registers } from './registers.ts';
import type { XstateLayout } from './xstate.ts';

const parts: Readonly<Record<number, { offset: number; size: number }>> = {
  2: { offset: 576, size: 256 },
  9: { offset: 2688, size: 8 },
  18: { offset: 2816, size: 8192 },
};
const layout: XstateLayout = { size: 11_008, xcr0: 0x602e7n, component: (n) => parts[n] ?? null };

function state(present: bigint): Buffer {
  const bytes = Buffer.alloc(layout.size, 0xab);
  bytes.writeBigUInt64LE(present, 512);
  return bytes;
}

function buildSignalFrame(address: number, registers: Registers, mask: bigint, xstate: Buffer): Buffer {
  return buildSignalFrames(address, [{ registers, mask }], xstate, layout);
}

test('the extended state lies aligned behind the head and ends in its mark', () => {
  for (const address of [0x7ffc_0000_0000, 0x7ffc_0000_0008, 0x7ffc_0000_0039]) {
    const frame = buildSignalFrame(address, createRegisters(), 0n, state(0x207n));
    const pointer = Number(frame.readBigUInt64LE(232));
    expect(pointer % 64).toBe(0);
    const at = pointer - address;
    expect(frame.readUInt32LE(at + 464)).toBe(0x46505853);
    const size = frame.readUInt32LE(at + 480);
    expect(frame.readUInt32LE(at + 468)).toBe(size + 4);
    expect(frame.readUInt32LE(at + size)).toBe(0x46505845);
    expect(frame).toHaveLength(at + size + 4);
  }
});

test.each([
  ['nothing but x87 and SSE', 0x3n, 576],
  ['AVX', 0x7n, 832],
  ['protection keys', 0x203n, 2696],
  ['AMX', 0x40003n, 11_008],
])('with %s in use the state ends after it', (_, present, size) => {
  const address = 0x10000;
  const frame = buildSignalFrame(address, createRegisters(), 0n, state(present));
  expect(frame.readUInt32LE(Number(frame.readBigUInt64LE(232)) - address + 480)).toBe(size);
});

test('registers, mask and segments are where the kernel reads them', () => {
  const registers = createRegisters().set('r8', 1).set('ip', 2).set('flags', 3).set('cs', 0x33).set('ss', 0x2b);
  const frame = buildSignalFrame(0x1000, registers, 2n ** 63n, state(3n));
  expect([48, 176, 184, 304].map((at) => frame.readBigUInt64LE(at))).toEqual([1n, 2n, 3n, 2n ** 63n]);
  expect([192, 194, 196, 198].map((at) => frame.readUInt16LE(at))).toEqual([0x33, 0, 0, 0x2b]);
});

test('each of several frames leads to the next, and all share one extended state', () => {
  const address = 0x10000;
  const [first, last] = [createRegisters().set('ip', 1), createRegisters().set('ip', 2).set('sp', 3)];
  const steps = [
    { registers: first, mask: 4n },
    { registers: last, mask: 5n },
  ];
  const frames = buildSignalFrames(address, steps, state(3n), layout);
  const read = (frame: number, at: number): bigint => frames.readBigUInt64LE(frame * signalFrameHead + at);
  expect([0, 1].map((frame) => [176, 304].map((at) => read(frame, at)))).toEqual([
    [1n, 4n],
    [2n, 5n],
  ]);
  expect([read(0, 168), read(1, 168)]).toEqual([BigInt(address + signalFrameHead + 8), 3n]);
  expect(read(0, 232)).toBe(read(1, 232));
  expect(first.get('sp')).toBe(0n);
});
