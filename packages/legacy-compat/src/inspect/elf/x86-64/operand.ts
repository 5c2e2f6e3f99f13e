import type { Cpu, Place } from '../follow.ts';
import type { Target } from '../relocations.ts';
import type { Instruction } from './decode.ts';

/** What an instruction does to what is known. */
export type Effect = (instruction: Instruction, cpu: Cpu) => void;

/** rsp and rbp */
const stackRegisters: readonly unknown[] = [4, 5];

/** Where an operand in memory is. */
export function placeOf({ operand, next }: Instruction, cpu: Cpu): Place {
  if (operand?.kind !== 'memory') return null;
  const { base, indexed, offset } = operand;
  if (stackRegisters.includes(base)) return 'stack';
  const start = base === 'next' ? next : base === null ? null : (cpu.registers[base]?.address ?? null);
  if (start === null) return null;
  if (!indexed) return start + offset;
  return cpu.watches(start + offset) ? 'watched' : null;
}

/** How far from rbp it is, where it is in the function's frame. */
export function frameOffset({ operand }: Instruction): number | null {
  return operand?.kind === 'memory' && operand.base === 5 && !operand.indexed ? operand.offset : null;
}

/** Its address, where that is known. */
export function addressOf(it: Instruction, cpu: Cpu): number | null {
  const place = placeOf(it, cpu);
  return typeof place === 'number' ? place : null;
}

/** The pointer in an operand, a general register or memory. */
export function pointerIn(it: Instruction, cpu: Cpu): Target | null {
  const offset = frameOffset(it);
  if (offset !== null) return cpu.frame.get(offset) ?? null;
  return it.operand?.kind === 'register' ? (cpu.registers[it.operand.register] ?? null) : cpu.load(addressOf(it, cpu));
}
