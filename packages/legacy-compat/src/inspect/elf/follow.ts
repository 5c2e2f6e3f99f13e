import type { Image, Range } from './image.ts';
import type { Pointers, Target } from './relocations.ts';

/** What is known while code is followed. */
export interface Cpu {
  /** Where each general register points to; null: not known. */
  readonly registers: (Target | null)[];
  /** A vector register holds two pointers. */
  readonly vectors: (readonly [Target | null, Target | null])[];
  /** Pointers in the frame of the function, by their distance from where it begins: -O0 keeps variables there. */
  frame: Map<number, Target | null>;
  /** The pointer in memory at a place, where it is known. */
  load(address: number | null): Target | null;
  /** Notes that pointers are stored one after the other. */
  store(place: Place, ...values: readonly (Target | null)[]): void;
  /** Notes that a number of 32 bits is stored; null: which one is not known. */
  storeNumber(place: Place, value: number | null): void;
  /** Notes that something is done there that is not understood. */
  lose(place: Place): void;
  /** Whether an address is in the watched memory. */
  watches(address: number): boolean;
  /** Notes that a function of this file is called. */
  enter(address: number): void;
}

/** Where something is stored: an address, on the stack, anywhere in the watched memory, or null: nobody knows. */
export type Place = number | 'stack' | 'watched' | null;

/** Does one instruction. Gives the addresses where it may go on, none at an end; null: it is not understood. */
export type Step = (image: Image, at: number, cpu: Cpu) => readonly number[] | null;

/** What a piece of machine code does to the watched memory, as far as it can be told without running it. */
export interface Followed {
  readonly stores: readonly Store[];
  /** Numbers that are stored at the counted place, in no order: which of them counts depends on the way. */
  readonly numbers: readonly number[];
  /** Whether all of it was understood. */
  readonly whole: boolean;
}

/** A pointer that is stored at a known place; null: which one is not known. */
export interface Store {
  readonly address: number;
  readonly value: Target | null;
}

/** How many instructions may still be followed: a damaged file may lead anywhere. */
export interface Budget {
  instructions: number;
}

const unknown: readonly [null, null] = [null, null];

/** What is followed: for which processor, in which file, and the memory that is watched. */
export interface Subject {
  readonly step: Step;
  readonly image: Image;
  readonly pointers: Pointers;
  readonly watched: Range;
  /** Where in it a number of 32 bits is. */
  readonly counted: number;
  readonly budget: Budget;
}

/**
 * Follows code from an address on all its ways until each returns. Functions of this file that it calls are followed too, but
 * what they do to unknown places is taken to be nothing to the watched memory: they have work of their own.
 * @param hasOtherWork whether the code itself is taken so
 */
export function follow(
  { step, image, pointers, watched, counted, budget }: Subject,
  start: number,
  hasOtherWork = false,
): Followed {
  const stores: Store[] = [];
  const numbers: number[] = [];
  const seen = new Set<number>();
  const entered: number[] = [];
  let whole = true;
  let isOuter = !hasOtherWork;
  const watches = (address: number): boolean => address >= watched.start && address < watched.start + watched.size;
  const lose = (place: Place): void => {
    if (place === 'watched' || (place === null && isOuter) || (typeof place === 'number' && watches(place)))
      whole = false;
  };
  const blank = (): Cpu => ({
    registers: Array(32).fill(null),
    vectors: Array(32).fill(unknown),
    frame: new Map(),
    load: (address) => (address === null ? null : pointers.peek(address)),
    store(place, ...values) {
      if (typeof place !== 'number') return lose(place);
      for (const [index, value] of values.entries()) {
        const address = place + index * 8;
        if (watches(address)) stores.push({ address, value });
      }
    },
    storeNumber(place, value) {
      if (place !== counted || value === null) lose(place);
      else numbers.push(value >>> 0);
    },
    lose,
    watches,
    enter: (address) => void entered.push(address),
  });

  followFrom(start);
  isOuter = false;
  for (let at = entered.pop(); at !== undefined; at = entered.pop()) followFrom(at);
  return { stores, numbers, whole };

  function followFrom(from: number): void {
    const ways = [{ at: from, cpu: blank() }];
    for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
      const { at, cpu } = way;
      if (seen.has(at)) continue;
      seen.add(at);
      budget.instructions -= 1;
      const next = budget.instructions < 0 ? null : step(image, at, cpu);
      if (next === null && (isOuter || budget.instructions < 0)) whole = false;
      for (const [index, to] of (next ?? []).entries()) ways.push({ at: to, cpu: index === 0 ? cpu : copyOf(cpu) });
    }
  }
}

function copyOf(cpu: Cpu): Cpu {
  return { ...cpu, registers: [...cpu.registers], vectors: [...cpu.vectors], frame: new Map(cpu.frame) };
}
