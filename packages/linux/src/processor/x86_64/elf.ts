/** What of an image's file becomes memory. */
export interface Segment {
  /** R 4, W 2, X 1. */
  readonly flags: number;
  /** Where in the file, a multiple of the page length. */
  readonly offset: number;
  readonly address: number;
  readonly fileLength: number;
  /** Zeros follow where the file ends. */
  readonly memoryLength: number;
}

export const pageLength = 4096;
export const segmentFlag = { execute: 1, write: 2, read: 4 } as const;
/** Where code begins in the first page: behind the headers. */
export const entryOffset = 0x100;

const headerLength = 64;
const programHeaderLength = 56;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const ET_EXEC = 2;
const EM_X86_64 = 62;

/**
 * Headers of a static ELF program, elf(5): the given segments, a stack that is not executable, and its entry at
 * `entryOffset` of the first segment.
 */
export function elfHeaders(segments: readonly Segment[]): Buffer {
  const first = segments[0];
  if (first === undefined) throw new RangeError('an ELF program needs a segment');
  const headers = Buffer.alloc(headerLength + (segments.length + 1) * programHeaderLength);
  headers.write('\x7fELF', 'latin1');
  headers.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  headers.writeUInt16LE(ET_EXEC, 16);
  headers.writeUInt16LE(EM_X86_64, 18);
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(BigInt(first.address + entryOffset), 24);
  headers.writeBigUInt64LE(BigInt(headerLength), 32);
  headers.writeUInt16LE(headerLength, 52);
  headers.writeUInt16LE(programHeaderLength, 54);
  headers.writeUInt16LE(segments.length + 1, 56);
  for (const [index, segment] of segments.entries()) {
    writeProgramHeader(headers, headerLength + index * programHeaderLength, PT_LOAD, segment);
  }
  writeProgramHeader(headers, headers.length - programHeaderLength, PT_GNU_STACK, {
    flags: segmentFlag.read | segmentFlag.write,
    offset: 0,
    address: 0,
    fileLength: 0,
    memoryLength: 0,
  });
  return headers;
}

/** A static program of one page of code at `base`, with its data behind that, which it may write. */
export function programImage(base: number, code: Uint8Array, data: Uint8Array): Buffer {
  const image = Buffer.alloc(pageLength + data.length);
  image.set(
    elfHeaders([
      {
        flags: segmentFlag.read | segmentFlag.execute,
        offset: 0,
        address: base,
        fileLength: pageLength,
        memoryLength: pageLength,
      },
      {
        flags: segmentFlag.read | segmentFlag.write,
        offset: pageLength,
        address: base + pageLength,
        fileLength: data.length,
        memoryLength: data.length,
      },
    ]),
  );
  image.set(code, entryOffset);
  image.set(data, pageLength);
  return image;
}

function writeProgramHeader(headers: Buffer, at: number, type: number, segment: Segment): void {
  headers.writeUInt32LE(type, at);
  headers.writeUInt32LE(segment.flags, at + 4);
  headers.writeBigUInt64LE(BigInt(segment.offset), at + 8);
  headers.writeBigUInt64LE(BigInt(segment.address), at + 16);
  headers.writeBigUInt64LE(BigInt(segment.address), at + 24);
  headers.writeBigUInt64LE(BigInt(segment.fileLength), at + 32);
  headers.writeBigUInt64LE(BigInt(segment.memoryLength), at + 40);
  headers.writeBigUInt64LE(BigInt(pageLength), at + 48);
}

/** Refuses an address or a length that no segment can have. */
export function checkPages(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0 || value % pageLength !== 0) {
    throw new RangeError(`${what} must be a positive multiple of ${pageLength}, got ${value}`);
  }
}
