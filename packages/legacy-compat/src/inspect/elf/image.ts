import { invalid } from '../invalid.ts';
import { type Bytes, damaged, readBytes } from './bytes.ts';
import { type Machine, machineOf } from './machines.ts';

/** A shared object as the loader would put it into memory. Addresses are those of the file: its base is 0. */
export interface Image {
  readonly file: Bytes;
  readonly machine: Machine;
  /** Where the dynamic section is: address and size. */
  readonly dynamic: Range;
  /** The file's offset of an address with so many bytes after it; null: nothing of the file is there, memory is zero. */
  find(address: number, size: number): number | null;
  /** The 64-bit word in memory before it is relocated. */
  word(address: number): bigint;
  u32(address: number): number;
  /** Text up to NUL; null: it does not end in time. */
  text(address: number, most: number): string | null;
}

export interface Range {
  readonly start: number;
  readonly size: number;
}

interface Segment extends Range {
  readonly offset: number;
  readonly fileSize: number;
}

/** Numbers of elf(5). */
const types: Readonly<Record<number, string>> = {
  1: 'an object file that was not linked yet',
  2: 'a program',
  4: 'a core dump',
};
const sharedObject = 3;
const loadable = 1;
const dynamicSegment = 2;
/** Linkers make four or five. */
const mostSegments = 64;

/** Whether these bytes begin as an ELF file does. */
export function isElf(data: Uint8Array): boolean {
  return data[0] === 0x7f && data[1] === 0x45 && data[2] === 0x4c && data[3] === 0x46;
}

/**
 * Reads the headers by which a shared object is loaded. Sections are not looked at: a stripped file has none.
 * @throws PluginError PLUGIN_INVALID
 */
export function readImage(data: Uint8Array, path: string): Image {
  const file = readBytes(data, path, data[5] === 1);
  if (file.u8(4) === 1) {
    throw invalid(path, 'it is a 32-bit ELF file; only 64-bit ones are read', 'Build the plugin for a 64-bit machine.');
  }
  if (file.u8(4) !== 2 || (file.u8(5) !== 1 && file.u8(5) !== 2))
    throw damaged(path, 'its class or byte order is unknown');
  const type = file.u16(16);
  if (type !== sharedObject) {
    throw invalid(
      path,
      `it is ${types[type] ?? 'an ELF file of an unknown type'}, not a shared object`,
      'Link it with `cc -shared`.',
    );
  }
  const segments: Segment[] = [];
  let dynamic: Range | null = null;
  const [first, each, count] = [file.offset(32), file.u16(54), file.u16(56)];
  if (each < 56) throw damaged(path, `its program headers have ${each} bytes`);
  for (let at = first, left = count; left > 0; at += each, left -= 1) {
    const kind = file.u32(at);
    if (kind !== loadable && kind !== dynamicSegment) continue;
    const [offset, start, fileSize, size] = [
      file.offset(at + 8),
      file.offset(at + 16),
      file.offset(at + 32),
      file.offset(at + 40),
    ];
    if (fileSize > size || offset + fileSize > file.size) throw damaged(path, 'a segment is larger than the file');
    if (kind === loadable) segments.push({ start, size, offset, fileSize });
    else dynamic = { start, size: fileSize };
  }
  if (segments.length > mostSegments) throw damaged(path, `it claims to have ${segments.length} segments in memory`);
  if (dynamic === null) throw invalid(path, 'it has no dynamic section', 'Link it with `cc -shared`.');
  return { file, machine: machineOf(file.u16(18), file.little), dynamic, ...memoryOf(file, segments) };
}

function memoryOf(file: Bytes, segments: readonly Segment[]): Pick<Image, 'find' | 'word' | 'u32' | 'text'> {
  const find = (address: number, size: number): number | null => {
    const segment = segments.find((it) => it.start <= address && address + size <= it.start + it.size);
    if (segment === undefined) throw damaged(file.path, `nothing is loaded at address 0x${address.toString(16)}`);
    const inside = address - segment.start;
    return inside + size <= segment.fileSize ? segment.offset + inside : null;
  };
  return {
    find,
    word(address) {
      const at = find(address, 8);
      return at === null ? 0n : file.word(at);
    },
    u32(address) {
      const at = find(address, 4);
      return at === null ? 0 : file.u32(at);
    },
    text(address, most) {
      const at = find(address, 1);
      return at === null ? '' : file.text(at, most);
    },
  };
}
