import type { Image } from './image.ts';
import type { DynamicSymbol } from './symbols.ts';

/** Names of functions by their address; null where the file does not tell. */
export type FunctionNames = (address: number) => string | null;

/** Numbers of elf(5). */
const symbolTable = 2;
const functionType = 2;
const localBinding = 0;
const entrySize = 24;
const longestName = 1024;
/** More than any plugin has. */
const mostSymbols = 1_000_000;

/**
 * Names from the full table of symbols, where the file was not stripped, else from the dynamic one. A damaged table of
 * sections is as good as none: the loader does not read it either.
 */
export function readFunctionNames(image: Image, symbols: readonly (DynamicSymbol | null)[]): FunctionNames {
  const names = new Map<number, string>();
  for (const symbol of symbols) if (symbol?.defined && !symbol.isObject) names.set(symbol.address, symbol.name);
  const local = readLocals(image);
  return (address) => names.get(address) ?? local(address);
}

function readLocals(image: Image): FunctionNames {
  const places = new Map<number, number>();
  const { file } = image;
  try {
    const section = sectionsOf(image).find((it) => it.type === symbolTable);
    const strings = section === undefined ? undefined : sectionsOf(image)[section.link];
    if (section === undefined || strings === undefined) return () => null;
    const count = Math.min(mostSymbols, Math.floor(section.size / entrySize));
    for (let index = 0; index < count; index += 1) {
      const at = section.offset + index * entrySize;
      const info = file.u8(at + 4);
      if ((info & 15) !== functionType) continue;
      // Of several names for one place that of the file's own function counts, not an alias for others.
      const address = Number(file.word(at + 8));
      if (info >> 4 === localBinding || !places.has(address)) places.set(address, strings.offset + file.u32(at));
    }
  } catch {
    places.clear();
  }
  return (address) => {
    const place = places.get(address);
    return place === undefined ? null : nameAt(image, place);
  };
}

function nameAt({ file }: Image, place: number): string | null {
  try {
    const name = file.text(place, longestName);
    // The linker may have split a function, or made a copy: `dump.isra.0`.
    return name === null || name === '' ? null : name.replace(/\.(isra|constprop|part|cold|lto_priv)\..*$/, '');
  } catch {
    return null;
  }
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function sectionsOf({ file }: Image): readonly Section[] {
  const [start, each, count] = [file.offset(40), file.u16(58), file.u16(60)];
  if (start === 0 || each < 64) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * each;
    return {
      type: file.u32(at + 4),
      offset: file.offset(at + 24),
      size: file.offset(at + 32),
      link: file.u32(at + 40),
    };
  });
}
