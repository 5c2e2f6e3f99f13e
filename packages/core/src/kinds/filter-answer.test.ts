import { expect, test } from 'vitest';
import { allowsCall } from './filter-answer.ts';

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, constant: number];

const [load, equal, greaterOrEqual, jump, done] = [0x20, 0x15, 0x35, 0x05, 0x06];
const [allow, kill, fails] = [0x7fff_0000, 0x8000_0000, 0x0005_0001];
const x86 = 0xc000_003e;

function programOf(...instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, ifTrue, ifFalse, constant], at) => {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(ifTrue, at * 8 + 2);
    bytes.writeUInt8(ifFalse, at * 8 + 3);
    bytes.writeUInt32LE(constant, at * 8 + 4);
  });
  return bytes;
}

test('a filter as libraries make it allows what it lists', () => {
  const program = programOf(
    [load, 0, 0, 4],
    [equal, 1, 0, x86],
    [done, 0, 0, kill],
    [load, 0, 0, 0],
    [greaterOrEqual, 3, 0, 0x4000_0000],
    [equal, 1, 0, 209],
    [equal, 0, 1, 3],
    [jump, 0, 0, 1],
    [done, 0, 0, fails],
    [done, 0, 0, allow],
  );
  expect([209, 3, 4, 0x4000_0001].map((call) => allowsCall(program, call))).toEqual([true, true, false, false]);
});

test.each([
  ['allows', allow, true],
  ['logs', 0x7ffc_0000, true],
  ['ends the process', kill, false],
  ['fails the call', fails, false],
  ['asks a tracer', 0x7ff0_0000, false],
  ['asks another process', 0x7fc0_0000, false],
] as const)('a filter that %s', (_, answer, is) => {
  expect(allowsCall(programOf([done, 0, 0, answer]), 1)).toBe(is);
});

test('what depends on an argument, is not understood or does not end is not allowed', () => {
  expect(allowsCall(programOf([load, 0, 0, 16], [done, 0, 0, allow]), 1)).toBe(false);
  expect(allowsCall(programOf([0x54, 0, 0, 1], [done, 0, 0, allow]), 1)).toBe(false);
  expect(allowsCall(programOf([load, 0, 0, 0]), 1)).toBe(false);
  expect(allowsCall(programOf([jump, 0, 0, 0xffff_ffff]), 1)).toBe(false);
  expect(allowsCall(Buffer.alloc(0), 1)).toBe(false);
});
