import type { NeededSymbol } from '../inspection.ts';
import { damaged } from './bytes.ts';
import type { Dynamic } from './dynamic.ts';
import type { Image } from './image.ts';

/** A symbol that other objects see, or that this one takes from them. */
export interface DynamicSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly isObject: boolean;
  readonly weak: boolean;
  /** It is here; else another object has it. */
  readonly defined: boolean;
  /** The library whose version of it is wanted. */
  readonly library: string | null;
}

/** More than any plugin has. */
const mostSymbols = 200_000;
/** Of libraries, and of versions of one: a plugin needs a few. */
const mostVersions = 1000;
/** Bytes of an entry (Elf64_Sym in elf(5)). */
const entrySize = 24;
const objectType = 1;
const bindings = { global: 1, weak: 2, unique: 10 } as const;

/** All symbols of the dynamic table, by their number. */
export function readSymbols(image: Image, dynamic: Dynamic): readonly (DynamicSymbol | null)[] {
  const start = dynamic.get('symbols');
  if (start === undefined) return [];
  const count = countSymbols(image, dynamic);
  if (count > mostSymbols) throw damaged(image.file.path, `it claims to have ${count} symbols`);
  const libraries = readLibraries(image, dynamic);
  return Array.from({ length: count }, (_, index) => readSymbol(image, dynamic, start, index, libraries));
}

function readSymbol(
  image: Image,
  dynamic: Dynamic,
  start: number,
  index: number,
  libraries: Libraries,
): DynamicSymbol | null {
  const at = start + index * entrySize;
  const info = image.find(at, entrySize);
  if (index === 0 || info === null) return null;
  const { file } = image;
  const binding = file.u8(info + 4) >> 4;
  // Local ones are not visible outside.
  if (!Object.values<number>(bindings).includes(binding)) return null;
  const name = dynamic.text(file.u32(info));
  if (name === null || name === '') return null;
  const defined = file.u16(info + 6) !== 0;
  return {
    name,
    address: Number(file.word(info + 8)),
    size: Number(file.word(info + 16)),
    isObject: (file.u8(info + 4) & 15) === objectType,
    weak: binding === bindings.weak,
    defined,
    library: defined ? null : libraries.of(index),
  };
}

/** The section does not say how many it has; the tables for looking them up do. */
function countSymbols(image: Image, dynamic: Dynamic): number {
  const hash = dynamic.get('hash');
  // s390x has 64-bit words here.
  if (hash !== undefined && image.machine.name !== 's390x') return image.u32(hash + 4);
  if (hash !== undefined) return Number(image.word(hash + 8));
  const gnuHash = dynamic.get('gnuHash');
  return gnuHash === undefined ? 0 : countHashed(image, gnuHash);
}

/** The last chain of the table ends with the last symbol: a chain's last word has its lowest bit set. */
function countHashed(image: Image, table: number): number {
  const [buckets, first, bloomWords] = [image.u32(table), image.u32(table + 4), image.u32(table + 8)];
  if (buckets > mostSymbols) throw damaged(image.file.path, `its symbol table claims to have ${buckets} buckets`);
  const bucketsAt = table + 16 + bloomWords * 8;
  let last = 0;
  for (let index = 0; index < buckets; index += 1) last = Math.max(last, image.u32(bucketsAt + index * 4));
  if (last < first) return first;
  const chains = bucketsAt + buckets * 4;
  while (last < mostSymbols && (image.u32(chains + (last - first) * 4) & 1) === 0) last += 1;
  return last + 1;
}

interface Libraries {
  of(symbol: number): string | null;
}

/** Which library a symbol's version belongs to: glibc gives one to each of its own. */
function readLibraries(image: Image, dynamic: Dynamic): Libraries {
  const versions = dynamic.get('versionOfSymbol');
  const needed = dynamic.get('versionsNeeded');
  const files = dynamic.get('versionsNeededCount') ?? 0;
  const byVersion = new Map<number, string | null>();
  if (versions === undefined || needed === undefined) return { of: () => null };
  for (const at of linked(image, needed, files, 12)) {
    const library = dynamic.text(image.u32(at + 4));
    for (const one of linked(image, at + image.u32(at + 8), half(image, at + 2), 12)) {
      byVersion.set(half(image, one + 6) & 0x7fff, library);
      if (byVersion.size > mostVersions) throw damaged(image.file.path, 'it claims to need very many versions');
    }
  }
  return { of: (symbol) => byVersion.get(half(image, versions + symbol * 2) & 0x7fff) ?? null };
}

/** Entries that each say how far it is to the next, 0 for the last. */
function* linked(image: Image, first: number, count: number, link: number): Generator<number> {
  if (count > mostVersions) throw damaged(image.file.path, `it claims to need ${count} versions`);
  for (let at = first, left = count; left > 0; left -= 1) {
    yield at;
    const step = image.u32(at + link);
    if (step === 0) return;
    at += step;
  }
}

function half(image: Image, address: number): number {
  const at = image.find(address, 2);
  return at === null ? 0 : image.file.u16(at);
}

/** The symbols that somebody else has to have. `wantedAtOnce`: numbers of those that a pointer in data leads to. */
export function neededSymbols(
  symbols: readonly (DynamicSymbol | null)[],
  wantedAtOnce: ReadonlySet<number>,
): readonly NeededSymbol[] {
  return symbols.flatMap((symbol, number) => {
    if (symbol === null || symbol.defined) return [];
    const { name, weak, library } = symbol;
    return [{ name, weak, library, atOnce: wantedAtOnce.has(number) }];
  });
}
