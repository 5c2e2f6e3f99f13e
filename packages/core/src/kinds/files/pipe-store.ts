import { writeSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { statusFlags } from '@criujs/engine-kit/externals';
import { closeFd, makePipe, openPath, setFlags } from '@criujs/linux';
import { accessOf, openFlag, reopenFlags } from './flags.ts';
import { type PipeContent, resizePipe } from './pipe-content.ts';

/** The pipes of a restore: each is made once, filled, and has its ends given out. */
export interface PipeStore {
  /** A descriptor of the engine's own for one end, with a description of its own. */
  open(pipeId: number, flags: number): number;
  /** Closes ends that were not given out, so that a pipe without writers ends and one without readers breaks. */
  close(): void;
}

type Side = 'read' | 'write';

/** The two ends that pipe(2) gives, and which of them were given out. */
interface MadePipe {
  readonly ends: Readonly<Record<Side, number>>;
  readonly taken: Set<Side>;
}

/** @param content what waited in each pipe, by its id */
export function createPipeStore(content: ReadonlyMap<number, PipeContent>, warn: (message: string) => void): PipeStore {
  const made = new Map<number, MadePipe>();
  return {
    open(pipeId, flags) {
      const pipe = made.get(pipeId) ?? makeFilled(pipeId, content.get(pipeId), warn);
      made.set(pipeId, pipe);
      return takeEnd(pipe, flags);
    },
    close() {
      for (const { ends, taken } of made.values()) {
        for (const side of ['read', 'write'] as const) if (!taken.has(side)) closeFd(ends[side]);
      }
      made.clear();
    },
  };
}

function makeFilled(pipeId: number, content: PipeContent | undefined, warn: (message: string) => void): MadePipe {
  const [read, write] = makePipe(openFlag.O_CLOEXEC | openFlag.O_NONBLOCK);
  try {
    if (content !== undefined) fill(pipeId, write, content, warn);
    return { ends: { read, write }, taken: new Set() };
  } catch (error) {
    closeFd(read);
    closeFd(write);
    throw error;
  }
}

function fill(pipeId: number, fd: number, { size, data }: PipeContent, warn: (message: string) => void): void {
  if (size > 0 && !resizePipe(fd, size)) {
    warn(`pipe ${pipeId} cannot hold ${size} bytes as it did: a limit of this user stands against it (pipe(7))`);
  }
  try {
    for (let at = 0; at < data.length; ) at += writeSync(fd, data, at);
  } catch (error) {
    throw fillFailure(pipeId, data.length, error);
  }
}

function fillFailure(pipeId: number, length: number, cause: unknown): EngineError {
  const remedy = 'Raise /proc/sys/fs/pipe-max-size, or restore as root.';
  return new EngineError('IMAGE_INVALID', `pipes-data.img: pipe ${pipeId} cannot hold ${length} bytes`, {
    remedy,
    cause,
  });
}

/**
 * The first of a side gets the end that pipe(2) made, so that the program sees no difference. Others, and those that had
 * been opened through /proc (which marks them O_LARGEFILE), get a description of their own in that same way.
 */
function takeEnd({ ends, taken }: MadePipe, flags: number): number {
  const side = accessOf(flags);
  if (side === 'both' || taken.has(side) || flags & openFlag.O_LARGEFILE) {
    return openPath(`/proc/self/fd/${ends.read}`, reopenFlags(flags));
  }
  taken.add(side);
  setFlags(ends[side], flags & statusFlags & ~openFlag.O_ASYNC);
  return ends[side];
}
