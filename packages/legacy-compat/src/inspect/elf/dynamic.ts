import { damaged } from './bytes.ts';
import type { Image, Range } from './image.ts';

/** The entries of the dynamic section that are read here, by their tags (DT_* in elf(5) and glibc's elf.h). */
const tags = {
  needed: 1,
  pltRelocationsSize: 2,
  hash: 4,
  strings: 5,
  symbols: 6,
  relocations: 7,
  relocationsSize: 8,
  relocationSize: 9,
  stringsSize: 10,
  symbolSize: 11,
  bindNow: 24,
  constructors: 25,
  constructorsSize: 27,
  pltRelocations: 23,
  flags: 30,
  relrSize: 35,
  relr: 36,
  gnuHash: 0x6ffffef5,
  versionOfSymbol: 0x6ffffff0,
  flags1: 0x6ffffffb,
  versionsNeeded: 0x6ffffffe,
  versionsNeededCount: 0x6fffffff,
} as const;

type Tag = keyof typeof tags;
const nameOf = new Map<number, Tag>(Object.entries(tags).map(([name, tag]) => [tag, name as Tag]));

/** The dynamic section. */
export interface Dynamic {
  /** The value of an entry that occurs once; undefined: there is none. */
  get(tag: Tag): number | undefined;
  /** The values of one that may occur often. */
  all(tag: Tag): readonly number[];
  /** Text of the table of strings that all names here are in; null: it does not end in time. */
  text(offset: number): string | null;
  /** A table of which address and size are given by two entries. */
  table(start: Tag, size: Tag): Range | null;
}

/** Longer names are not read: C++ makes long ones, but not those that are looked for. */
const longestName = 1024;

export function readDynamic(image: Image): Dynamic {
  const found = new Map<Tag, number[]>();
  const { start, size } = image.dynamic;
  for (let at = start; at + 16 <= start + size; at += 16) {
    const tag = image.word(at);
    if (tag === 0n) break;
    const name = nameOf.get(Number(tag));
    if (name === undefined) continue;
    found.set(name, [...(found.get(name) ?? []), safe(image, image.word(at + 8))]);
  }
  const get = (tag: Tag): number | undefined => found.get(tag)?.at(-1);
  const strings = get('strings');
  const stringsSize = get('stringsSize') ?? 0;
  return {
    get,
    all: (tag) => found.get(tag) ?? [],
    text(offset) {
      if (strings === undefined || offset >= stringsSize)
        throw damaged(image.file.path, `it refers to a name at ${offset}, outside its names`);
      return image.text(strings + offset, Math.min(longestName, stringsSize - offset));
    },
    table(startTag, sizeTag) {
      const [at, length] = [get(startTag), get(sizeTag) ?? 0];
      return at === undefined || length === 0 ? null : { start: at, size: length };
    },
  };
}

function safe(image: Image, value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw damaged(image.file.path, 'a number in its dynamic section is too large');
}
