import { expect, test } from 'vitest';
import { createRegisters, registerNames, registersFrom, registersLength } from './registers.ts';

test('registers are read and written by name, unsigned', () => {
  const registers = createRegisters();
  expect(registers.set('orig_ax', -1).set('ip', 0x7f00n)).toBe(registers);
  expect(registers.get('orig_ax')).toBe(2n ** 64n - 1n);
  expect(registers.bytes.readBigUInt64LE(registerNames.indexOf('ip') * 8)).toBe(0x7f00n);
});

test('a copy is a copy', () => {
  const first = createRegisters().set('ax', 1);
  const second = first.copy().set('ax', 2);
  expect([first.get('ax'), second.get('ax')]).toEqual([1n, 2n]);
});

test('bytes of another length are refused', () => {
  expect(registersLength).toBe(216);
  expect(() => registersFrom(Buffer.alloc(68))).toThrowError('216 bytes, got 68');
});
