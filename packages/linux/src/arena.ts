import { native } from './native.ts';

/** A piece of our own memory with a fixed address, which system calls read and write. */
export interface Block {
  readonly address: number;
  readonly length: number;
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** Memory of one thread for the arguments of system calls, handed out like a stack. */
export interface Arena {
  /** Zeroed memory at an address divisible by 64. It lives until the scope around it ends, outside of one for good. */
  alloc(length: number): Block;
  /** A copy of `text` in UTF-8 with a closing zero byte. */
  cstring(text: string): Block;
  /** Runs `body`, which must be synchronous, and frees what it allocated. */
  scope<T>(body: () => T): T;
}

const capacity = 16 * 2 ** 20;
const alignment = 64;

/**
 * The memory is an ArrayBuffer, not a mapping: the kernel fills its pages on first use all the same, its address does
 * not change (only small typed arrays move), and it goes when the worker thread goes, however that ends.
 */
let memory: { readonly buffer: ArrayBuffer; readonly bytes: Buffer; readonly address: number } | undefined;
let used = 0;

function reserve(length: number = capacity): NonNullable<typeof memory> {
  const buffer = new ArrayBuffer(length + alignment);
  const start = Number(native().koffi.address(buffer));
  const skip = (alignment - (start % alignment)) % alignment;
  return { buffer, bytes: Buffer.from(buffer, skip, length), address: start + skip };
}

/** Memory beside the arena, for whoever keeps the block for good. */
export function keptBlock(length: number): Block {
  const { bytes, address } = reserve(length);
  return { address, length, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, length) };
}

export const arena: Arena = {
  alloc(length) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`cannot allocate ${length} bytes`);
    memory ??= reserve();
    const offset = used;
    const next = offset + Math.ceil(length / alignment) * alignment;
    if (next > capacity) {
      throw new RangeError(
        `the arena is full: ${length} bytes wanted, ${capacity - offset} of ${capacity} left. Allocate inside arena.scope().`,
      );
    }
    used = next;
    const bytes = memory.bytes.subarray(offset, offset + length);
    bytes.fill(0);
    return {
      address: memory.address + offset,
      length,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, length),
    };
  },

  cstring(text) {
    if (text.includes('\0')) throw new RangeError(`a C string cannot hold a zero byte: ${JSON.stringify(text)}`);
    const block = arena.alloc(Buffer.byteLength(text) + 1);
    block.bytes.write(text);
    return block;
  },

  scope(body) {
    const mark = used;
    try {
      return body();
    } finally {
      used = mark;
    }
  },
};
