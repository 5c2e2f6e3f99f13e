import { arena, LinuxError, readable, readNow, writable, writeNow } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import { writeError } from '../images/write-image.ts';
import type { Silence } from './silence.ts';

// Streams on the engine's own thread: it waits, and never inside the kernel.

/** Microseconds between two looks whether the run was aborted. */
const lookMicroseconds = 20_000;
/** Bytes that are copied for a write at once. */
const pieceBytes = 1 << 20;

/** An image that comes or goes through a descriptor without a position. */
export interface Stream {
  readonly fd: number;
  /** The image, for errors. */
  readonly name: string;
  readonly silence: Silence;
}

/**
 * Reads what comes next into the engine's memory; waits until something does.
 *
 * @returns how many bytes; 0 at the end
 * @throws EngineError IMAGE_INVALID when the stream breaks; what its `silence` throws
 */
export function readStream({ fd, name, silence }: Stream, address: number, length: number): number {
  const begun = performance.now();
  for (;;) {
    const got = breaking(name, () => readNow(fd, address, length));
    if (got !== null) return got;
    silence(name, performance.now() - begun);
    readable([fd], lookMicroseconds);
  }
}

/**
 * Writes from the engine's memory, all of it.
 * @throws EngineError IMAGES_UNWRITABLE when nobody reads any more, IMAGES_FULL; what its `silence` throws
 */
export function writeStream({ fd, name, silence }: Stream, address: number, length: number): void {
  let heard = performance.now();
  for (let done = 0; done < length; ) {
    const put = refusing(name, () => writeNow(fd, address + done, length - done));
    if (put === null) {
      silence(name, performance.now() - heard);
      writable([fd], lookMicroseconds);
      continue;
    }
    done += put;
    heard = performance.now();
  }
}

/** Writes all bytes into a stream. @throws EngineError as {@link writeStream} */
export function writeStreamBytes(stream: Stream, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; done += pieceBytes) {
    const piece = bytes.subarray(done, done + pieceBytes);
    arena.scope(() => {
      const block = arena.alloc(piece.length);
      block.bytes.set(piece);
      writeStream(stream, block.address, piece.length);
    });
  }
}

/** Blames the stream for what the kernel says at a read. */
export function breaking<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('IMAGE_INVALID', `the stream of ${name} broke: ${error.message}`, {
      resource: name,
      remedy: 'Check the program that writes the stream, and restore again.',
      cause: error,
    });
  }
}

/** The same at a write. */
export function refusing<T>(name: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw error instanceof LinuxError ? writeError(error, name) : error;
  }
}
