import { readMemory, writeMemory } from '@criujs/linux';
import type { FrozenThread } from '../freeze/freeze.ts';

/** The red zone of the System V ABI: leaf functions keep data below `rsp`. */
const redZone = 128;

/** Some bytes of a process. */
export interface MemoryRange {
  readonly address: number;
  readonly length: number;
}

/** Some bytes below the stack pointer of a frozen thread, at an address that can be divided by 64. */
export interface StackRange extends MemoryRange {
  /** False where the stack ends too soon: then nothing may be written there. */
  readonly isMapped: boolean;
  /** Puts back what lay there when it was found: some runtimes keep other data below the stack pointer. */
  putBack(): void;
}

/** Finds room for something below a thread's red zone, and keeps what lies there. */
export function belowStack(pid: number, thread: FrozenThread, length: number): StackRange {
  const address = Number((thread.registers.get('sp') - BigInt(redZone + length)) & ~63n);
  const bytes = tryRead(pid, address, length);
  return {
    address,
    length,
    isMapped: bytes !== null,
    putBack() {
      if (bytes !== null) writeMemory(pid, address, bytes);
    },
  };
}

/** Whether two of them have a byte in common. */
export function overlap(one: MemoryRange, other: MemoryRange): boolean {
  return one.address < other.address + other.length && other.address < one.address + one.length;
}

function tryRead(pid: number, address: number, length: number): Buffer | null {
  try {
    return readMemory(pid, address, length);
  } catch {
    // The stack ends here.
    return null;
  }
}
