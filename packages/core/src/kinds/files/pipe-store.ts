import { statusFlags } from '@criujs/engine-kit/externals';
import { closeFd, makePipe, openPath, setFlags } from '@criujs/linux';
import { accessOf, openFlag, reopenFlags } from './flags.ts';
import { fillPipe, type PipeContent } from './pipe-content.ts';

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
    if (content !== undefined) fillPipe({ fd: write, what: `pipe ${pipeId}`, image: 'pipes-data.img' }, content, warn);
    return { ends: { read, write }, taken: new Set() };
  } catch (error) {
    closeFd(read);
    closeFd(write);
    throw error;
  }
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
