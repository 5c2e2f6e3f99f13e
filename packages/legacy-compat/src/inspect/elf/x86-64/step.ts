import type { Cpu } from '../follow.ts';
import type { Image } from '../image.ts';
import type { Target } from '../relocations.ts';
import { decode, type Instruction } from './decode.ts';
import { addressOf, type Effect, frameOffset, placeOf, pointerIn } from './operand.ts';
import { forgetVector, vectorEffects } from './vectors.ts';

/** Registers that a called function may change: rax, rcx, rdx, rsi, rdi, r8 to r11 (System V ABI, AMD64 supplement, 3.2.1). */
const scratch = [0, 1, 2, 6, 7, 8, 9, 10, 11];
/** Those that carry its arguments (3.2.3): a function that is given the list may write to it. */
const carriers = [7, 6, 2, 1, 8, 9];
/** ret, ret with a number, int3, hlt, ud2 */
const ends: readonly number[] = [0xc3, 0xc2, 0xcc, 0xf4, 0x0f0b];

/** Does one instruction of x86-64: a `Step`. */
export function stepX86(image: Image, at: number, cpu: Cpu): readonly number[] | null {
  const it = decode(image, at);
  if (it === null) return null;
  const { opcode, immediate, next } = it;
  if (ends.includes(opcode)) return [];
  if (opcode === 0xe9 || opcode === 0xeb) return [next + immediate];
  if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0x0f80 && opcode <= 0x0f8f)) return [next, next + immediate];
  if (opcode === 0xff) return throughPointer(it, cpu);
  if (opcode === 0xe8) {
    call(cpu);
    cpu.enter(next + immediate);
    return [next];
  }
  effectOf(opcode)(it, cpu);
  return [next];
}

/** inc, dec, push, and calls and jumps to where a register or memory says: of another object, where that is not known. */
function throughPointer(it: Instruction, cpu: Cpu): readonly number[] {
  const kind = it.register & 7;
  const address = pointerIn(it, cpu)?.address ?? null;
  const there = address === null ? [] : [address];
  if (kind === 4) return there;
  if (kind < 2) put(it, cpu, null);
  if (kind === 2) {
    call(cpu);
    for (const called of there) cpu.enter(called);
  }
  return [it.next];
}

/** What moves pointers; all else makes what it touches unknown. */
const effects: ReadonlyMap<number, Effect> = new Map<number, Effect>([
  [0x88, (it, cpu) => cpu.lose(placeOf(it, cpu))],
  [0x89, (it, cpu) => put(it, cpu, it.wide ? (cpu.registers[it.register] ?? null) : null)],
  [0x8b, (it, cpu) => set(it, cpu, it.wide ? pointerIn(it, cpu) : null)],
  [0x8d, (it, cpu) => set(it, cpu, it.wide ? pointerTo(addressOf(it, cpu)) : null)],
  [0x81, addNumber],
  [0x83, addNumber],
  [0xc6, (it, cpu) => put(it, cpu, null)],
  [0xc7, putImmediate],
  ...vectorEffects,
]);

function effectOf(opcode: number): Effect {
  // cmp, test, and push change nothing that is known here.
  if ((opcode >= 0x38 && opcode <= 0x3d) || opcode === 0x84 || opcode === 0x85 || (opcode >= 0x50 && opcode <= 0x57))
    return keep;
  return effects.get(opcode) ?? (isVector(opcode) ? forgetVector : forget);
}

/** Those beyond are of general registers: cmov, set, movzx and their like, and nop. */
function isVector(opcode: number): boolean {
  const low = opcode - 0x0f00;
  return (
    (low >= 0x10 && low < 0x18) ||
    (low >= 0x28 && low < 0x30) ||
    (low >= 0x50 && low < 0x80) ||
    low >= 0xd0 ||
    low === 0xc2 ||
    low === 0xc6
  );
}

function keep(): undefined {
  return undefined;
}

function forget(it: Instruction, cpu: Cpu): void {
  // nop and endbr64
  if (it.opcode >= 0x0f18 && it.opcode <= 0x0f1f) return;
  cpu.registers[it.register] = null;
  put(it, cpu, null);
}

function set({ register }: Instruction, cpu: Cpu, value: Target | null): void {
  cpu.registers[register] = value;
}

/** To the operand that may be in memory. */
function put(it: Instruction, cpu: Cpu, value: Target | null): void {
  if (it.operand === null) return;
  const offset = frameOffset(it);
  if (offset !== null) cpu.frame.set(offset, value);
  else if (it.operand.kind === 'register') cpu.registers[it.operand.register] = value;
  else if (value === null) cpu.lose(placeOf(it, cpu));
  else cpu.store(placeOf(it, cpu), value);
}

function putImmediate(it: Instruction, cpu: Cpu): void {
  const isNumber = it.operand?.kind === 'memory' && !it.wide && it.prefix === 0;
  if (isNumber) cpu.storeNumber(placeOf(it, cpu), it.immediate);
  else put(it, cpu, null);
}

function call(cpu: Cpu): void {
  for (const register of carriers) cpu.lose(cpu.registers[register]?.address ?? 'stack');
  for (const register of scratch) cpu.registers[register] = null;
  cpu.vectors.fill([null, null]);
}

/** add and sub; of the other operations the result is not known. */
function addNumber(it: Instruction, cpu: Cpu): void {
  const kind = it.register & 7;
  // cmp
  if (kind === 7) return;
  const sign = kind === 0 ? 1 : kind === 5 ? -1 : null;
  const before = it.operand?.kind === 'register' && it.wide ? (pointerIn(it, cpu)?.address ?? null) : null;
  put(it, cpu, pointerTo(before === null || sign === null ? null : before + sign * it.immediate));
}

function pointerTo(address: number | null): Target | null {
  return address === null ? null : { address, symbol: null };
}
