import { EngineError } from '@criujs/engine-kit';
import { blob, readMaps, readMemory, type Tracee } from '@criujs/linux';
import type { FrozenTask } from '../freeze/freeze.ts';

/** Bytes at the vdso's end that the code takes; they are zero in every vdso. */
const caveRoom = 64;
/** Bytes that one poke writes, ptrace(2). */
const word = 8;

/** Room for a few bytes of code that every process has: the zeros behind its vdso. */
export interface Cave {
  /** The address of a `syscall` instruction; behind it is rt_sigreturn. */
  readonly syscall: number;
  readonly sigreturn: number;
  /** Erases the code. */
  close(): void;
}

/** Writes the code. @throws EngineError UNSUPPORTED where there is no room for it */
export function openCave(task: FrozenTask, thread: Tracee): Cave {
  const vdso = readMaps(task.pid).find((vma) => vma.name === '[vdso]');
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
  if (!isOurs(readMemory(task.pid, cave, blob.cave.length)))
    throw new EngineError('UNSUPPORTED', `cannot dump ${task.pid}: the end of its vdso is not empty`, {
      pid: task.pid,
      remedy: 'Report this kernel: its vdso has no free space.',
    });
  thread.poke(cave, blob.cave);
  return {
    syscall: cave + blob.offsets.syscall,
    sigreturn: cave + blob.offsets.sigreturn,
    close: () => thread.poke(cave, new Uint8Array(blob.cave.length)),
  };
}

/** Code of ours is still there where an engine was killed in the middle, and half of it where it was killed between two pokes. */
function isOurs(there: Buffer): boolean {
  for (let at = 0; at < there.length; at += word) {
    const found = there.subarray(at, at + word);
    if (!found.every((byte) => byte === 0) && !found.equals(blob.cave.subarray(at, at + word))) return false;
  }
  return true;
}
