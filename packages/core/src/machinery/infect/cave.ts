import { EngineError } from '@criujs/engine-kit';
import { blob, readMemory, type Tracee } from '@criujs/linux';
import type { FrozenTask } from '../freeze/freeze.ts';
import { mapsOf } from '../freeze/maps-of.ts';

/** Bytes at the vdso's end that the code takes; they are zero in every vdso. */
const caveRoom = blob.cave.code.length;
/** Bytes that one poke writes, ptrace(2). */
const word = 8;

/** Room for a few bytes of code that every process has: the zeros behind its vdso. */
export interface Cave {
  /** The address of a `syscall` instruction; behind it is rt_sigreturn. */
  readonly syscall: number;
  readonly sigreturn: number;
  /** The address of a loop over a table of calls; behind it is rt_sigreturn. */
  readonly batch: number;
  /** Erases the code. */
  close(): void;
}

/** Writes the code. @throws EngineError UNSUPPORTED where there is no room for it */
export function openCave(task: FrozenTask, thread: Tracee): Cave {
  const vdso = mapsOf(task).find((vma) => vma.name === '[vdso]');
  if (vdso === undefined)
    throw new EngineError(
      'UNSUPPORTED',
      `cannot dump ${task.pid}: it has no vdso, which the engine needs for its first call`,
      {
        pid: task.pid,
        remedy: 'Boot without vdso=0.',
      },
    );
  const cave = vdso.end - caveRoom;
  if (!isOurs(readMemory(task.pid, cave, caveRoom)))
    throw new EngineError('UNSUPPORTED', `cannot dump ${task.pid}: the end of its vdso is not empty`, {
      pid: task.pid,
      remedy: 'Report this kernel: its vdso has no free space.',
    });
  thread.poke(cave, blob.cave.code);
  return {
    syscall: cave + blob.offsets.syscall,
    sigreturn: cave + blob.offsets.sigreturn,
    batch: cave + blob.cave.batch,
    close: () => thread.poke(cave, new Uint8Array(caveRoom)),
  };
}

/**
 * Code of ours is still there where an engine was killed in the middle, and a part of it where it was killed between two pokes. An
 * earlier release may have left its own.
 */
function isOurs(there: Buffer): boolean {
  const { code, old } = blob.cave;
  for (let at = 0; at < there.length; at += word) {
    const found = there.subarray(at, at + word);
    const known = [new Uint8Array(word), code.subarray(at, at + word), old.subarray(at, at + word)];
    if (!known.some((bytes) => found.equals(bytes))) return false;
  }
  return true;
}
