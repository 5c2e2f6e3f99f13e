import { expect, test } from 'vitest';
import { type GuardPlan, guardImage, readGuardVerdict } from './guard-image.ts';
import { helperImage } from './helper-image.ts';

// biome-ignore lint/suspicious/noThenProperty: a plan is never awaited
const plan: GuardPlan = { commit: ['getpid'], expect: 0, then: [] };

test('a verdict is read when it is whole', () => {
  expect(readGuardVerdict(Buffer.from([0x79, 2, 0, 0, 0]))).toEqual({ committed: true, failures: 2 });
  expect(readGuardVerdict(Buffer.from([0x6e, 28, 0, 0, 0]))).toEqual({ committed: false, errno: 28 });
  expect(readGuardVerdict(Buffer.from([0x79, 0]))).toBeNull();
  expect(readGuardVerdict(new Uint8Array(0))).toBeNull();
});

test('code and data are apart: what can be run cannot be written', () => {
  const image = guardImage({ ...plan, base: 0x10000 });
  expect(image.toString('latin1', 0, 4)).toBe('\x7fELF');
  const segments = [64, 120].map((at) => ({
    flags: image.readUInt32LE(at + 4),
    address: image.readBigUInt64LE(at + 16),
  }));
  expect(segments).toEqual([
    { flags: 5, address: 0x10000n },
    { flags: 6, address: 0x11000n },
  ]);
});

test.each([0, -4096, 100, 1.5])('a base of %d is refused', (base) => {
  expect(() => helperImage(base, 8192)).toThrowError('base must be a positive multiple of 4096');
  expect(() => guardImage({ ...plan, base })).toThrowError(RangeError);
});
