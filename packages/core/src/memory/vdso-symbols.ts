/** A function of a vdso: where it is, in bytes from its start, and how long. */
export interface VdsoFunction {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** `Elf64_Ehdr`, `Elf64_Phdr`, `Elf64_Dyn`, `Elf64_Sym`. elf(5) */
const header = { length: 64, programs: 32, programCount: 56 } as const;
const program = { length: 56, type: 0, offset: 8, address: 16, fileSize: 32, dynamic: 2, load: 1 } as const;
const entry = { length: 16, strings: 5, symbols: 6, hash: 4, gnuHash: 0x6fff_fef5 } as const;
const symbol = { length: 24, name: 0, info: 4, section: 6, value: 8, size: 16, function: 2, untyped: 0 } as const;
/** More than any vdso has. */
const mostSymbols = 256;

/**
 * The functions that a vdso offers, in the order of its symbols. vdso(7)
 * @param image its memory, from its first page on; it may be anything
 * @throws RangeError where it is no vdso
 */
export function vdsoFunctions(image: Buffer): VdsoFunction[] {
  if (image.length < header.length || image.readUInt32BE(0) !== 0x7f45_4c46) throw new RangeError('no ELF header');
  const programs = programsOf(image);
  const load = programs.find(({ type }) => type === program.load);
  const dynamic = programs.find(({ type }) => type === program.dynamic);
  if (load === undefined || dynamic === undefined) throw new RangeError('no dynamic section');
  const tags = tagsOf(image, dynamic);
  // Addresses of a vdso are those of a file that begins at its first byte.
  const at = (tag: number): number | undefined => {
    const address = tags.get(tag);
    return address === undefined ? undefined : address - load.address;
  };
  const [symbols, strings] = [at(entry.symbols), at(entry.strings)];
  if (symbols === undefined || strings === undefined) throw new RangeError('no symbols');
  const count = Math.min(mostSymbols, countOf(image, at(entry.hash), at(entry.gnuHash), strings - symbols));
  return Array.from({ length: count }, (_, index) => symbols + index * symbol.length)
    .filter((place) => isFunction(image, place))
    .map((place) => ({
      name: textAt(image, strings + image.readUInt32LE(place + symbol.name)),
      offset: numberAt(image, place + symbol.value) - load.address,
      length: numberAt(image, place + symbol.size),
    }));
}

interface Program {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function programsOf(image: Buffer): Program[] {
  const first = numberAt(image, header.programs);
  return Array.from({ length: image.readUInt16LE(header.programCount) }, (_, index) => {
    const place = first + index * program.length;
    return {
      type: image.readUInt32LE(place + program.type),
      offset: numberAt(image, place + program.offset),
      address: numberAt(image, place + program.address),
      size: numberAt(image, place + program.fileSize),
    };
  });
}

function tagsOf(image: Buffer, { offset, size }: Program): Map<number, number> {
  const tags = new Map<number, number>();
  for (let place = offset; place < offset + size; place += entry.length) {
    const tag = numberAt(image, place);
    if (tag === 0) break;
    tags.set(tag, numberAt(image, place + 8));
  }
  return tags;
}

/** A hash table knows how many symbols there are; without one the strings follow them. */
function countOf(image: Buffer, hash: number | undefined, gnuHash: number | undefined, apart: number): number {
  if (hash !== undefined) return image.readUInt32LE(hash + 4);
  if (gnuHash !== undefined) return gnuCount(image, gnuHash);
  return Math.floor(apart / symbol.length);
}

/** The last symbol ends the chain of the last bucket. */
function gnuCount(image: Buffer, table: number): number {
  const buckets = image.readUInt32LE(table);
  const first = image.readUInt32LE(table + 4);
  const begin = table + 16 + image.readUInt32LE(table + 8) * 8;
  let last = 0;
  for (let bucket = 0; bucket < Math.min(buckets, mostSymbols); bucket++)
    last = Math.max(last, image.readUInt32LE(begin + bucket * 4));
  if (last < first) return first;
  const chain = begin + buckets * 4;
  while (last < first + mostSymbols && (image.readUInt32LE(chain + (last - first) * 4) & 1) === 0) last++;
  return last + 1;
}

function isFunction(image: Buffer, place: number): boolean {
  const type = image.readUInt8(place + symbol.info) & 0xf;
  const isDefined = image.readUInt16LE(place + symbol.section) !== 0;
  return isDefined && (type === symbol.function || type === symbol.untyped) && numberAt(image, place + symbol.size) > 0;
}

function numberAt(image: Buffer, place: number): number {
  return Number(image.readBigUInt64LE(place));
}

function textAt(image: Buffer, place: number): string {
  const end = image.indexOf(0, place);
  if (place >= image.length || end < 0) throw new RangeError('a name without an end');
  return image.toString('latin1', place, end);
}
