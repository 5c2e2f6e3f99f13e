import type { Image } from '../image.ts';

/** One instruction of x86-64, as far as it matters where it leads and which registers and places it names. */
export interface Instruction {
  /** The opcode; of those that begin with 0x0f the second byte with 0x0f00 added. */
  readonly opcode: number;
  /** Whether operands have 64 bits (REX.W). */
  readonly wide: boolean;
  /** The prefix that chooses among vector instructions: 0x66, 0xf2, 0xf3, or 0. */
  readonly prefix: number;
  /** The register operand, or the number that extends the opcode. */
  readonly register: number;
  /** The other operand; null: there is none. */
  readonly operand: Operand | null;
  /** How far a jump goes, or the immediate operand. */
  readonly immediate: number;
  /** The address of the next one. */
  readonly next: number;
}

export type Operand =
  | { readonly kind: 'register'; readonly register: number }
  /** base + offset, and perhaps an index; `base` null: none is there, or a segment that is not known. */
  | {
      readonly kind: 'memory';
      readonly base: number | 'next' | null;
      readonly indexed: boolean;
      readonly offset: number;
    };

/** What follows an opcode: a ModRM byte and this many bytes of an immediate operand. `z`: 4 bytes, 2 with the prefix 0x66. */
type Shape = readonly [modrm: boolean, immediate: 0 | 1 | 2 | 'z' | 'v'];

const plain: Shape = [false, 0];
const modrm: Shape = [true, 0];
const modrmByte: Shape = [true, 1];

/** Shapes by ranges of opcodes (Intel's manual, volume 2, appendix A); what is not here ends the reading. */
const shapes: readonly (readonly [first: number, last: number, shape: Shape])[] = [
  [0x50, 0x5f, plain],
  [0x63, 0x63, modrm],
  [0x68, 0x68, [false, 'z']],
  [0x69, 0x69, [true, 'z']],
  [0x6a, 0x6a, [false, 1]],
  [0x6b, 0x6b, modrmByte],
  [0x70, 0x7f, [false, 1]],
  [0x80, 0x80, modrmByte],
  [0x81, 0x81, [true, 'z']],
  [0x83, 0x83, modrmByte],
  [0x84, 0x8b, modrm],
  [0x8d, 0x8d, modrm],
  [0x8f, 0x8f, modrm],
  [0x90, 0x99, plain],
  [0xa8, 0xa8, [false, 1]],
  [0xa9, 0xa9, [false, 'z']],
  [0xb0, 0xb7, [false, 1]],
  [0xb8, 0xbf, [false, 'v']],
  [0xc0, 0xc1, modrmByte],
  [0xc2, 0xc2, [false, 2]],
  [0xc3, 0xc3, plain],
  [0xc6, 0xc6, modrmByte],
  [0xc7, 0xc7, [true, 'z']],
  [0xc9, 0xc9, plain],
  [0xcc, 0xcc, plain],
  [0xd0, 0xd3, modrm],
  [0xe8, 0xe9, [false, 'z']],
  [0xeb, 0xeb, [false, 1]],
  [0xf4, 0xf4, plain],
  [0xfe, 0xff, modrm],
  [0x0f05, 0x0f05, plain],
  [0x0f0b, 0x0f0b, plain],
  [0x0f0d, 0x0f0d, modrm],
  [0x0f10, 0x0f1f, modrm],
  [0x0f28, 0x0f2f, modrm],
  [0x0f40, 0x0f6f, modrm],
  [0x0f70, 0x0f73, modrmByte],
  [0x0f74, 0x0f76, modrm],
  [0x0f7c, 0x0f7f, modrm],
  [0x0f80, 0x0f8f, [false, 'z']],
  [0x0f90, 0x0f9f, modrm],
  [0x0fa2, 0x0fa2, plain],
  [0x0fa3, 0x0fa3, modrm],
  [0x0faf, 0x0fb1, modrm],
  [0x0fb6, 0x0fb7, modrm],
  [0x0fba, 0x0fba, modrmByte],
  [0x0fbe, 0x0fc1, modrm],
  [0x0fc2, 0x0fc2, modrmByte],
  [0x0fc4, 0x0fc6, modrmByte],
  [0x0fc8, 0x0fcf, plain],
  [0x0fd0, 0x0fff, modrm],
];

const segments = { fs: 0x64, gs: 0x65 } as const;
const prefixes: readonly number[] = [0x66, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0xf0, segments.fs, segments.gs];
/** No instruction is longer. */
const longest = 15;

/** The instruction at an address; null: it is none of those that are known here. */
export function decode(image: Image, start: number): Instruction | null {
  let at = start;
  const byte = (): number => {
    const place = image.find(at, 1);
    at += 1;
    return place === null ? 0 : image.file.u8(place);
  };
  const signed = (size: number): number => {
    let value = 0n;
    for (let index = 0n; index < BigInt(size); index += 1n) value |= BigInt(byte()) << (index * 8n);
    return Number(BigInt.asIntN(size * 8, value));
  };

  let prefix = 0;
  let short = false;
  let segment = false;
  let opcode = byte();
  while (prefixes.includes(opcode) && at - start < longest) {
    if (opcode === 0x66) short = true;
    if (opcode === 0x66 || opcode === 0xf2 || opcode === 0xf3) prefix = opcode;
    if (opcode === segments.fs || opcode === segments.gs) segment = true;
    opcode = byte();
  }
  const rex = opcode >= 0x40 && opcode <= 0x4f ? opcode & 15 : 0;
  if (rex !== 0 || opcode === 0x40) opcode = byte();
  if (opcode === 0x0f) opcode = 0x0f00 | byte();
  const shape = shapeOf(opcode);
  if (shape === null) return null;
  const [hasOperand, immediateSize] = shape;

  const extended = { register: (rex & 4) << 1, index: (rex & 2) << 2, base: (rex & 1) << 3 };
  let register = (opcode & 7) | extended.base;
  let operand: Operand | null = null;
  if (hasOperand) {
    const form = byte();
    register = ((form >> 3) & 7) | extended.register;
    operand = form >> 6 === 3 ? { kind: 'register', register: (form & 7) | extended.base } : memory(form);
  }
  const wide = (rex & 8) !== 0;
  const immediate = signed(immediateBytes());
  return { opcode, wide, prefix, register, operand, immediate, next: at };

  function memory(form: number): Operand {
    const mode = form >> 6;
    const scaled = (form & 7) === 4 ? byte() : null;
    const indexed = scaled !== null && (((scaled >> 3) & 7) | extended.index) !== 4;
    const low = scaled === null ? form & 7 : scaled & 7;
    const nowhere = mode === 0 && low === 5;
    const offset = mode === 1 ? signed(1) : mode === 2 || nowhere ? signed(4) : 0;
    if (segment) return { kind: 'memory', base: null, indexed, offset };
    const base = nowhere ? (scaled === null ? 'next' : null) : low | extended.base;
    return { kind: 'memory', base, indexed, offset };
  }

  function immediateBytes(): number {
    // `test` alone among its neighbours has an immediate operand.
    if (opcode === 0xf6 || opcode === 0xf7) return (register & 7) > 1 ? 0 : opcode === 0xf6 ? 1 : short ? 2 : 4;
    if (immediateSize === 'v') return wide ? 8 : short ? 2 : 4;
    if (immediateSize === 'z') return short ? 2 : 4;
    return immediateSize;
  }
}

function shapeOf(opcode: number): Shape | null {
  // The eight arithmetic operations, each in six forms.
  if (opcode < 0x40)
    return (opcode & 7) < 4 ? modrm : (opcode & 7) === 4 ? [false, 1] : (opcode & 7) === 5 ? [false, 'z'] : null;
  if (opcode === 0xf6 || opcode === 0xf7) return modrm;
  return shapes.find(([first, last]) => first <= opcode && opcode <= last)?.[2] ?? null;
}
