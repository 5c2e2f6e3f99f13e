import { EngineError } from '@criujs/engine-kit';
import { LinuxError, type MemoryPiece, writeMemoryFrom } from '@criujs/linux';
import { refusedCall } from '../engine/blame.ts';
import type { PageSink } from './sink.ts';

/** Most pieces that one call takes (IOV_MAX). process_vm_writev(2). */
const mostPieces = 1024;

/** Where bytes of the source belong. */
export interface PagePlace extends MemoryPiece {
  /** The offset of its first byte in the source. */
  readonly offset: number;
}

/**
 * The memory of a task that is being built, written from outside: process_vm_writev(2).
 *
 * @param places in the order of their offsets; bytes of no place are dropped
 * @param file the image that says what the memory is: it is to blame for places that are none
 * @throws EngineError IMAGE_INVALID, TARGET_DIED, KERNEL, out of `write`
 */
export function taskMemory(pid: number, places: readonly PagePlace[], file: string): PageSink {
  let at = 0;
  let taken = 0;
  let written = 0;

  const putAll = (local: number, pieces: readonly MemoryPiece[], length: number): void => {
    for (let done = 0; done < length; ) {
      const put = writing(pid, file, () => writeMemoryFrom(pid, local + done, after(pieces, done)));
      if (put === 0) throw refusedCall('EFAULT', `process ${pid}: its memory accepts no more bytes`, { pid, file });
      done += put;
      written += put;
    }
  };

  /** Puts the bytes that belong somewhere, up to the next that do not; gives how many it has dealt with. */
  const step = (local: number, length: number): number => {
    const first = places[at];
    if (first === undefined) return length;
    if (first.offset > taken) return Math.min(length, first.offset - taken);
    const pieces: MemoryPiece[] = [];
    let sum = 0;
    for (let place: PagePlace | undefined = first; place !== undefined; place = places[at]) {
      const into = taken + sum - place.offset;
      if (into < 0 || sum === length || pieces.length === mostPieces) break;
      const part = Math.min(place.length - into, length - sum);
      pieces.push({ start: place.start + into, length: part });
      sum += part;
      if (into + part === place.length) at++;
    }
    putAll(local, pieces, sum);
    return sum;
  };

  return {
    write(address, length) {
      for (let done = 0; done < length; ) {
        const dealt = step(address + done, length - done);
        done += dealt;
        taken += dealt;
      }
    },
    places: null,
    end: () => written,
    giveUp: () => undefined,
  };
}

/** What is left of the pieces when this many bytes of them are done. */
function after(pieces: readonly MemoryPiece[], done: number): readonly MemoryPiece[] {
  if (done === 0) return pieces;
  let skip = done;
  return pieces.flatMap(({ start, length }) => {
    const gone = Math.min(skip, length);
    skip -= gone;
    return gone === length ? [] : [{ start: start + gone, length: length - gone }];
  });
}

function writing(pid: number, file: string, write: () => number): number {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    if (error.code === 'ESRCH')
      throw new EngineError('TARGET_DIED', `process ${pid} ended while its memory was filled`, { pid, cause: error });
    throw refusedCall(error.code, `process ${pid}: cannot fill its memory: ${error.message}`, { pid, file }, error);
  }
}
