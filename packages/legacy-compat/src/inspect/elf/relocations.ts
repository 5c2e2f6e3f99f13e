import { damaged } from './bytes.ts';
import type { Dynamic } from './dynamic.ts';
import type { Image, Range } from './image.ts';
import type { DynamicSymbol } from './symbols.ts';

/** Where a pointer leads: an address of this object, or a symbol of another one. */
export interface Target {
  /** null: it is in another object. */
  readonly address: number | null;
  readonly symbol: string | null;
}

/** The pointers of an object, as they are once it is loaded. */
export interface Pointers {
  /** null: a null pointer. */
  at(address: number): Target | null;
  /** The same for a place that may hold anything: null as well when no relocation puts a pointer there. */
  peek(address: number): Target | null;
  /** Symbols that are looked up when the object is loaded, by number: all but those of lazily bound functions. */
  readonly atOnce: ReadonlySet<number>;
}

/** More than any plugin has. */
const mostRelocations = 1_000_000;
/** Bytes of an entry (Elf64_Rela in elf(5)). */
const entrySize = 24;

/**
 * Reads all relocations: those with an addend (DT_RELA, DT_JMPREL), and the packed ones of `-z pack-relative-relocs` (DT_RELR).
 */
export function readPointers(image: Image, dynamic: Dynamic, symbols: readonly (DynamicSymbol | null)[]): Pointers {
  const targets = new Map<number, Target | null>();
  const tables = [
    dynamic.table('relocations', 'relocationsSize'),
    dynamic.table('pltRelocations', 'pltRelocationsSize'),
  ];
  const atOnce = new Set<number>();
  for (const [which, table] of tables.entries()) {
    if (table === null) continue;
    readTable(image, symbols, table, targets, (symbol) => which === 0 && atOnce.add(symbol));
  }
  const packed = readPacked(image, dynamic.table('relr', 'relrSize'));
  return {
    atOnce,
    peek: (address) =>
      targets.get(address) ?? (packed.has(address) ? { address: Number(image.word(address)), symbol: null } : null),
    at(address) {
      const target = targets.get(address);
      if (target !== undefined) return target;
      const value = Number(image.word(address));
      if (value === 0) return null;
      if (packed.has(address)) return { address: value, symbol: null };
      throw damaged(image.file.path, `the pointer at address 0x${address.toString(16)} is not relocated`);
    },
  };
}

function readTable(
  image: Image,
  symbols: readonly (DynamicSymbol | null)[],
  { start, size }: Range,
  targets: Map<number, Target | null>,
  needed: (symbol: number) => unknown,
): void {
  const count = Math.floor(size / entrySize);
  checkCount(image, count);
  for (let index = 0; index < count; index += 1) {
    const at = start + index * entrySize;
    const info = image.word(at + 8);
    const [symbol, type] = [Number(info >> 32n), Number(info & 0xffff_ffffn)];
    const addend = Number(BigInt.asIntN(64, image.word(at + 16)));
    const place = Number(image.word(at));
    if (type === image.machine.relative) targets.set(place, { address: addend, symbol: null });
    if (!image.machine.symbolic.includes(type)) continue;
    needed(symbol);
    const found = symbols[symbol] ?? null;
    // A number without a symbol: the loader puts nothing there.
    targets.set(
      place,
      found === null ? null : { address: found.defined ? found.address + addend : null, symbol: found.name },
    );
  }
}

/** An even word is an address; an odd one has a bit for each of the 63 words after it. The addends are in place. */
function readPacked(image: Image, table: Range | null): ReadonlySet<number> {
  const places = new Set<number>();
  if (table === null) return places;
  let next = 0;
  for (let at = table.start; at + 8 <= table.start + table.size; at += 8) {
    const word = image.word(at);
    if ((word & 1n) === 0n) {
      places.add(Number(word));
      next = Number(word) + 8;
    } else {
      for (let bit = 1; bit < 64; bit += 1) if ((word >> BigInt(bit)) & 1n) places.add(next + (bit - 1) * 8);
      next += 63 * 8;
    }
    checkCount(image, places.size);
  }
  return places;
}

function checkCount(image: Image, count: number): void {
  if (count > mostRelocations) throw damaged(image.file.path, `it claims to have ${count} relocations`);
}
