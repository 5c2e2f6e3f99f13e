import type { Image, Range } from './image.ts';
import type { Pointers, Target } from './relocations.ts';

/** What is known while code is followed. */
export interface Cpu {
  /** Where each general register points to; null: not known. */
  readonly registers: (Target | null)[];
  /** A vector register holds two pointers. */
  readonly vectors: (readonly [Target | null, Target | null])[];
  /** The pointer in memory at a place, where it is known. */
  load(address: number | null): Target | null;
  /** Notes that pointers are stored one after the other. */
  store(place: Place, ...values: readonly (Target | null)[]): void;
  /** Notes that something is done there that is not understood. */
  lose(place: Place): void;
}

/** Where something is stored: an address, somewhere on the stack, or null: nobody knows. */
export type Place = number | 'stack' | null;

/** Does one instruction. Gives the addresses where it may go on, none at an end; null: it is not understood. */
export type Step = (image: Image, at: number, cpu: Cpu) => readonly number[] | null;

/** What a piece of machine code does to the watched memory, as far as it can be told without running it. */
export interface Followed {
  readonly stores: readonly Store[];
  /** Whether all of it was understood. */
  readonly whole: boolean;
}

/** A pointer that is stored at a known place; null: which one is not known. */
export interface Store {
  readonly address: number;
  readonly value: Target | null;
}

/** More than a constructor that sets hooks has. */
const mostInstructions = 4096;
const unknown: readonly [null, null] = [null, null];

/** Follows code from an address on all its ways, until each returns. Functions that it calls are not followed. */
export function follow(step: Step, image: Image, pointers: Pointers, start: number, watched: Range): Followed {
  const stores: Store[] = [];
  let whole = true;
  const isWatched = (address: number): boolean => address >= watched.start && address < watched.start + watched.size;
  const memory = {
    load: (address: number | null) => (address === null ? null : pointers.peek(address)),
    store(place: Place, ...values: readonly (Target | null)[]) {
      if (place === null) whole = false;
      if (typeof place !== 'number') return;
      for (const [index, value] of values.entries()) {
        const address = place + index * 8;
        if (isWatched(address)) stores.push({ address, value });
      }
    },
    lose(place: Place) {
      if (place === null || (place !== 'stack' && isWatched(place))) whole = false;
    },
  };
  const seen = new Set<number>();
  const ways: { at: number; cpu: Cpu }[] = [
    { at: start, cpu: { ...memory, registers: Array(32).fill(null), vectors: Array(32).fill(unknown) } },
  ];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const { at, cpu } = way;
    if (seen.has(at)) continue;
    seen.add(at);
    const next = seen.size > mostInstructions ? null : step(image, at, cpu);
    if (next === null) return { stores, whole: false };
    for (const [index, to] of next.entries()) {
      ways.push({
        at: to,
        cpu: index === 0 ? cpu : { ...cpu, registers: [...cpu.registers], vectors: [...cpu.vectors] },
      });
    }
  }
  return { stores, whole };
}
