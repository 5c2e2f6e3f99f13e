import type { Cpu } from '../follow.ts';
import type { Target } from '../relocations.ts';
import type { Instruction } from './decode.ts';
import { addressOf, type Effect, placeOf, pointerIn } from './operand.ts';

/** Instructions by which compilers store two pointers at once: -O2 with -flto joins constructors. */
export const vectorEffects: ReadonlyMap<number, Effect> = new Map<number, Effect>([
  // movups, movaps, movdqu, movdqa
  [0x0f10, load],
  [0x0f28, load],
  [0x0f6f, load],
  [0x0f11, store],
  [0x0f29, store],
  [0x0f7f, store],
  // movlps, movhps, movq: half of a register to memory
  [0x0f13, (it, cpu) => cpu.store(placeOf(it, cpu), own(it, cpu)[0])],
  [0x0f17, (it, cpu) => cpu.store(placeOf(it, cpu), own(it, cpu)[1])],
  [0x0fd6, (it, cpu) => cpu.store(placeOf(it, cpu), own(it, cpu)[0])],
  // movhps from memory
  [0x0f16, (it, cpu) => set(it, cpu, own(it, cpu)[0], it.operand?.kind === 'memory' ? pointerIn(it, cpu) : null)],
  // punpcklqdq
  [0x0f6c, (it, cpu) => set(it, cpu, own(it, cpu)[0], other(it, cpu)?.[0] ?? null)],
  // movq from a general register or memory
  [0x0f6e, (it, cpu) => set(it, cpu, it.wide ? pointerIn(it, cpu) : null, null)],
  [0x0f7e, moveQuad],
]);

type Pair = readonly [Target | null, Target | null];

/** The result of all other vector instructions is unknown. */
export function forgetVector(it: Instruction, cpu: Cpu): void {
  if (it.operand === null) return;
  set(it, cpu, null, null);
  if (it.operand.kind === 'register') cpu.vectors[it.operand.register] = [null, null];
}

function own({ register }: Instruction, cpu: Cpu): Pair {
  return cpu.vectors[register] ?? [null, null];
}

function other({ operand }: Instruction, cpu: Cpu): Pair | undefined {
  return operand?.kind === 'register' ? cpu.vectors[operand.register] : undefined;
}

function set({ register }: Instruction, cpu: Cpu, low: Target | null, high: Target | null): void {
  cpu.vectors[register] = [low, high];
}

function load(it: Instruction, cpu: Cpu): void {
  const address = addressOf(it, cpu);
  const [low, high] = other(it, cpu) ?? [cpu.load(address), cpu.load(address === null ? null : address + 8)];
  set(it, cpu, low, high);
}

function store(it: Instruction, cpu: Cpu): void {
  if (it.operand?.kind === 'register') cpu.vectors[it.operand.register] = own(it, cpu);
  else cpu.store(placeOf(it, cpu), ...own(it, cpu));
}

/** With 0xf3 it loads, else it gives the lower half away. */
function moveQuad(it: Instruction, cpu: Cpu): void {
  if (it.prefix === 0xf3) set(it, cpu, other(it, cpu)?.[0] ?? cpu.load(addressOf(it, cpu)), null);
  else if (it.operand?.kind === 'register') cpu.registers[it.operand.register] = it.wide ? own(it, cpu)[0] : null;
  else cpu.store(placeOf(it, cpu), own(it, cpu)[0]);
}
