import { absent, integer, list, nullable, object, oneOf, type Shape, text } from './json-shape.ts';

/** What a part of a process's memory has and CRIU's images have no place for. */
export const memoryTraits = ['guard', 'droppable', 'locked-on-fault', 'named', 'protection-key', 'sealed'] as const;

export type MemoryTrait = (typeof memoryTraits)[number];

/** A part of a process's memory, in bytes, and what it has. */
export interface MemoryArea {
  readonly start: number;
  readonly end: number;
  readonly trait: MemoryTrait;
  /** Of `named` only. */
  readonly name: string | null;
  /** Of `protection-key` only. pkeys(7) */
  readonly key: number | null;
}

/** What CRIU's images do not say of a process's memory. */
export interface MemoryRecord {
  readonly pid: number;
  /** Whether new maps are locked in memory: filled at once, or when they are used. mlockall(2), MCL_FUTURE and MCL_ONFAULT. */
  readonly locksNew: 'no' | 'filled' | 'on-fault';
  /** The protection keys that it has allocated. pkeys(7) */
  readonly keys: readonly number[];
  /** The one that the kernel took for its memory that may only be executed, where it has others; null: none. */
  readonly executeOnlyKey: number | null;
  readonly areas: readonly MemoryArea[];
}

/** Key 0 is that of all memory; x86-64 has 15 others. arch/x86/include/asm/pkeys.h */
export const lastProtectionKey = 15;

const protectionKey = integer(1, lastProtectionKey);

const memoryArea: Shape<MemoryArea> = object({
  start: integer(0, Number.MAX_SAFE_INTEGER),
  end: integer(0, Number.MAX_SAFE_INTEGER),
  trait: oneOf(...memoryTraits),
  name: absent(nullable(text(79)), null),
  key: absent(nullable(protectionKey), null),
});

/** As `criujs.json` has it. */
export const recordedMemory: Shape<MemoryRecord> = object({
  pid: integer(1, 2 ** 22),
  locksNew: absent(oneOf('no', 'filled', 'on-fault'), 'no'),
  keys: absent(list(protectionKey), []),
  executeOnlyKey: absent(nullable(protectionKey), null),
  areas: absent(list(memoryArea), []),
});
