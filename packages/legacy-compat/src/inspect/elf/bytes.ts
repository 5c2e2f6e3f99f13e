import { invalid } from '../invalid.ts';

/** A file's bytes, read with its byte order. Every place is checked: outside of the file is an error. */
export interface Bytes {
  readonly path: string;
  readonly size: number;
  readonly little: boolean;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  /** A 64-bit word as it is. */
  word(at: number): bigint;
  /** A 64-bit offset, size or address: one that does not fit into 53 bits is an error. */
  offset(at: number): number;
  /** Up to the next NUL; null: there is none within `most` bytes. */
  text(at: number, most: number): string | null;
}

export function readBytes(data: Uint8Array, path: string, little: boolean): Bytes {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = data.byteLength;
  const checked = (at: number, length: number): number => {
    if (Number.isSafeInteger(at) && at >= 0 && at + length <= size) return at;
    throw damaged(path, `it refers to byte ${at}, outside its ${size} bytes`);
  };
  return {
    path,
    size,
    little,
    u8: (at) => view.getUint8(checked(at, 1)),
    u16: (at) => view.getUint16(checked(at, 2), little),
    u32: (at) => view.getUint32(checked(at, 4), little),
    word: (at) => view.getBigUint64(checked(at, 8), little),
    offset(at) {
      const value = view.getBigUint64(checked(at, 8), little);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(path, `the number at byte ${at} is too large`);
      return Number(value);
    },
    text(at, most) {
      const end = data.subarray(checked(at, 1), at + most).indexOf(0);
      return end === -1 ? null : decoder.decode(data.subarray(at, at + end));
    },
  };
}

const decoder = new TextDecoder();

/** An ELF file that contradicts itself. */
export function damaged(path: string, what: string): Error {
  return invalid(path, `it is a damaged ELF file: ${what}`, 'Build the plugin again, or get an undamaged copy.');
}
