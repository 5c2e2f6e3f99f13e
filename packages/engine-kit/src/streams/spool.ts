import { setTimeout as later } from 'node:timers/promises';
import { arena, closeFd, memfd, readNow, setPosition, syscall, writeNow } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import { streamStalled } from './silence.ts';
import { breaking, refusing } from './stream.ts';

// Streams on the main thread, which must not be held: whoever holds the other end may be code on this very thread.

/** Milliseconds between two looks at a stream that does nothing, growing. */
const look = { first: 1, longest: 10 } as const;
/** Bytes that are read or written at once. */
const pieceBytes = 1 << 18;

/** How long the main thread waits for a stream. */
export interface StreamLimits {
  /** Milliseconds until all of it must have come, or gone. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads a stream to its end into a file in memory, and closes it.
 *
 * @param most the most bytes that it may have
 * @returns a descriptor of the file
 * @throws EngineError IMAGE_INVALID, HOOK_TIMEOUT, ABORTED
 */
export async function spool(fd: number, name: string, most: number, limits: StreamLimits): Promise<number> {
  const file = memfd(name, new Uint8Array());
  try {
    let size = 0;
    const take = (): boolean | null => {
      const got = movePiece(fd, file, name);
      if (got === null) return null;
      size += got;
      if (size > most) throw tooLarge(name, most);
      return got > 0;
    };
    await untilDone(name, take, limits);
    setPosition(file, 0);
    return file;
  } catch (error) {
    closeFd(file);
    throw error;
  } finally {
    closeFd(fd);
  }
}

/** Writes all bytes into a stream. @throws EngineError IMAGES_UNWRITABLE, HOOK_TIMEOUT, ABORTED */
export async function pour(fd: number, name: string, bytes: Uint8Array, limits: StreamLimits): Promise<void> {
  let done = 0;
  const give = (): boolean | null => {
    if (done === bytes.length) return false;
    const put = givePiece(fd, name, bytes.subarray(done, done + pieceBytes));
    if (put === null) return null;
    done += put;
    return true;
  };
  await untilDone(name, give, limits);
}

/** @param step does a piece: true when there is more, false when it is done, null when it would have to wait */
async function untilDone(name: string, step: () => boolean | null, limits: StreamLimits): Promise<void> {
  const { deadlineMs, signal } = limits;
  const begun = performance.now();
  for (let ms: number = look.first; ; ) {
    if (signal?.aborted) throw new EngineError('ABORTED', 'the run was aborted');
    const more = step();
    if (more === false) return;
    if (performance.now() - begun > deadlineMs) throw streamStalled(name, deadlineMs);
    ms = more === null ? Math.min(ms * 2, look.longest) : look.first;
    await later(more === null ? ms : 0);
  }
}

function movePiece(from: number, to: number, name: string): number | null {
  return arena.scope(() => {
    const block = arena.alloc(pieceBytes);
    const got = breaking(name, () => readNow(from, block.address, block.length));
    for (let done = 0; done < (got ?? 0); ) done += syscall('write', to, block.address + done, (got as number) - done);
    return got;
  });
}

function givePiece(fd: number, name: string, piece: Uint8Array): number | null {
  return arena.scope(() => {
    const block = arena.alloc(piece.length);
    block.bytes.set(piece);
    return refusing(name, () => writeNow(fd, block.address, piece.length));
  });
}

function tooLarge(name: string, most: number): EngineError {
  return new EngineError('IMAGE_INVALID', `the stream of ${name} has more than ${most} bytes; at most these are read`, {
    resource: name,
    remedy: 'Take the images from an undamaged copy, or dump again.',
  });
}
