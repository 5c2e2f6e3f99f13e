import type { Cpu, Place } from './follow.ts';
import type { Image } from './image.ts';
import type { Target } from './relocations.ts';

/** A kind of instruction: which bits are fixed, and what it does. It gives where it goes on, where that is not the next one. */
interface Row {
  readonly mask: number;
  readonly bits: number;
  readonly run: (word: number, cpu: Cpu, at: number) => readonly number[] | undefined;
}

/** Registers that a called function may change, and those that carry its arguments (AAPCS64, 6.1.1). */
const scratch = Array.from({ length: 19 }, (_, number) => number);
const carriers = scratch.slice(0, 8);
/** As a register it reads as zero, as a base it is the stack. */
const zero = 31;

/** What moves pointers and what jumps (Arm Architecture Reference Manual, C4.1). Anything else is {@link forget}. */
const rows: readonly Row[] = [
  // ret, retaa: the end of a way, and br
  { mask: 0xffff_fc1f, bits: 0xd65f_0000, run: () => [] },
  { mask: 0xffff_fbff, bits: 0xd65f_0bff, run: () => [] },
  { mask: 0xffff_fc1f, bits: 0xd61f_0000, run: (word, cpu) => pointerOf(word, cpu) },
  // blr
  { mask: 0xffff_fc1f, bits: 0xd63f_0000, run: (word, cpu, at) => call(cpu, at, pointerOf(word, cpu)) },
  // bl
  { mask: 0xfc00_0000, bits: 0x9400_0000, run: (word, cpu, at) => call(cpu, at, [at + signed(word, 0, 26) * 4]) },
  // b
  { mask: 0xfc00_0000, bits: 0x1400_0000, run: (word, _, at) => [at + signed(word, 0, 26) * 4] },
  // b.cond, cbz and cbnz, tbz and tbnz
  { mask: 0xff00_0000, bits: 0x5400_0000, run: (word, _, at) => [at + 4, at + signed(word, 5, 19) * 4] },
  { mask: 0x7e00_0000, bits: 0x3400_0000, run: (word, _, at) => [at + 4, at + signed(word, 5, 19) * 4] },
  { mask: 0x7e00_0000, bits: 0x3600_0000, run: (word, _, at) => [at + 4, at + signed(word, 5, 14) * 4] },
  // nop, bti, paciasp and their like
  { mask: 0xffff_f01f, bits: 0xd503_201f, run: () => undefined },
  // adrp, adr
  {
    mask: 0x9f00_0000,
    bits: 0x9000_0000,
    run: (word, cpu, at) => set(word, cpu, at - (at % 4096) + pageOffset(word) * 4096),
  },
  { mask: 0x9f00_0000, bits: 0x1000_0000, run: (word, cpu, at) => set(word, cpu, at + pageOffset(word)) },
  // add and sub of a number
  { mask: 0xff80_0000, bits: 0x9100_0000, run: (word, cpu) => set(word, cpu, plus(word, cpu, number12(word))) },
  { mask: 0xff80_0000, bits: 0xd100_0000, run: (word, cpu) => set(word, cpu, plus(word, cpu, -number12(word))) },
  // mov
  {
    mask: 0xffe0_ffe0,
    bits: 0xaa00_03e0,
    run: (word, cpu) => put(word & 31, cpu, cpu.registers[(word >>> 16) & 31] ?? null),
  },
  // ldr and str of 64 bits
  {
    mask: 0xffc0_0000,
    bits: 0xf940_0000,
    run: (word, cpu) => load(word, cpu, scaled(word)),
  },
  { mask: 0xffc0_0000, bits: 0xf900_0000, run: (word, cpu) => storeOne(word, cpu, scaled(word)) },
  // ldr and ldur of 32 bits: no pointer
  { mask: 0xffc0_0000, bits: 0xb940_0000, run: (word, cpu) => put(word & 31, cpu, null) },
  { mask: 0xffe0_0c00, bits: 0xb840_0000, run: (word, cpu) => put(word & 31, cpu, null) },
  // mov of a number: as an address it is nowhere, and str of 32 bits stores it
  { mask: 0x7fe0_0000, bits: 0x5280_0000, run: (word, cpu) => set(word, cpu, (word >>> 5) & 0xffff) },
  {
    mask: 0xffc0_0000,
    bits: 0xb900_0000,
    run: (word, cpu) => storeNumber(cpu, placeAt(word, cpu, ((word >>> 10) & 0xfff) * 4), word & 31),
  },
  {
    mask: 0xffe0_0c00,
    bits: 0xb800_0000,
    run: (word, cpu) => storeNumber(cpu, placeAt(word, cpu, signed(word, 12, 9)), word & 31),
  },
  // ldur and stur
  {
    mask: 0xffe0_0c00,
    bits: 0xf840_0000,
    run: (word, cpu) => load(word, cpu, signed(word, 12, 9)),
  },
  {
    mask: 0xffe0_0c00,
    bits: 0xf800_0000,
    run: (word, cpu) => storeOne(word, cpu, signed(word, 12, 9)),
  },
  // stp
  {
    mask: 0xffc0_0000,
    bits: 0xa900_0000,
    run: (word, cpu) => store(cpu, placeAt(word, cpu, signed(word, 15, 7) * 8), word & 31, (word >>> 10) & 31),
  },
];

/** Does one instruction of aarch64: a `Step`. */
export function stepAarch64(image: Image, at: number, cpu: Cpu): readonly number[] | null {
  const word = image.u32(at);
  // udf: no code is here.
  if (word >>> 16 === 0 || at % 4 !== 0) return null;
  const row = rows.find(({ mask, bits }) => (word & mask) >>> 0 === bits);
  if (row === undefined) forget(word, cpu);
  return row?.run(word, cpu, at) ?? [at + 4];
}

/** Whatever it is: its results are in the registers that it may name, and if it stores, then near its base. */
function forget(word: number, cpu: Cpu): void {
  cpu.registers[word & 31] = null;
  const isLoadOrStore = ((word >>> 25) & 5) === 4;
  if (!isLoadOrStore) return;
  cpu.registers[(word >>> 10) & 31] = null;
  if (((word >>> 22) & 1) === 0) cpu.lose(placeAt(word, cpu, 0));
  // It may have moved its base.
  cpu.registers[(word >>> 5) & 31] = null;
}

function call(cpu: Cpu, at: number, called: readonly number[]): readonly number[] {
  for (const register of carriers) cpu.lose(cpu.registers[register]?.address ?? 'stack');
  for (const register of scratch) cpu.registers[register] = null;
  for (const address of called) cpu.enter(address);
  return [at + 4];
}

/** Where a register leads: to another object, where that is not known. */
function pointerOf(word: number, cpu: Cpu): readonly number[] {
  const address = cpu.registers[(word >>> 5) & 31]?.address ?? null;
  return address === null ? [] : [address];
}

function put(register: number, cpu: Cpu, value: Target | null): undefined {
  if (register !== zero) cpu.registers[register] = value;
}

function set(word: number, cpu: Cpu, address: number | null): undefined {
  return put(word & 31, cpu, address === null ? null : { address, symbol: null });
}

function store(cpu: Cpu, place: Place, ...registers: readonly number[]): undefined {
  cpu.store(place, ...registers.map((it) => cpu.registers[it] ?? null));
}

/** -O0 keeps variables and addresses in the frame. */
function load(word: number, cpu: Cpu, bytes: number): undefined {
  const isFrame = placeAt(word, cpu, bytes) === 'stack';
  return put(
    word & 31,
    cpu,
    isFrame ? (cpu.frame.get(frameKey(word, bytes)) ?? null) : cpu.load(plus(word, cpu, bytes)),
  );
}

function storeOne(word: number, cpu: Cpu, bytes: number): undefined {
  const place = placeAt(word, cpu, bytes);
  if (place === 'stack') cpu.frame.set(frameKey(word, bytes), cpu.registers[word & 31] ?? null);
  else store(cpu, place, word & 31);
}

/** x29 and the stack pointer each have their own. */
function frameKey(word: number, bytes: number): number {
  return ((word >>> 5) & 31) * 2 ** 16 + bytes;
}

function storeNumber(cpu: Cpu, place: Place, register: number): undefined {
  cpu.storeNumber(place, register === zero ? 0 : (cpu.registers[register]?.address ?? null));
}

/** The same for a store: the frame pointer x29 leads to the stack too. */
function placeAt(word: number, cpu: Cpu, bytes: number): Place {
  const base = (word >>> 5) & 31;
  return base === 29 || base === 31 ? 'stack' : plus(word, cpu, bytes);
}

/** The base register's address, and the number of bytes. */
function plus(word: number, cpu: Cpu, bytes: number): number | null {
  const base = cpu.registers[(word >>> 5) & 31]?.address ?? null;
  return base === null ? null : base + bytes;
}

function signed(word: number, from: number, bits: number): number {
  return (word << (32 - from - bits)) >> (32 - bits);
}

function scaled(word: number): number {
  return ((word >>> 10) & 0xfff) * 8;
}

function number12(word: number): number {
  return ((word >>> 10) & 0xfff) << ((word >>> 22) & 1 ? 12 : 0);
}

function pageOffset(word: number): number {
  return signed(word, 5, 19) * 4 + ((word >>> 29) & 3);
}
