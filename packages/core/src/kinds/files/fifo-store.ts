import { fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { fileType, statusFlags, typeOf } from '@criujs/engine-kit/externals';
import { closeFd, setFlags } from '@criujs/linux';
import { accessOf, openFlag, reopenFlags } from './flags.ts';
import type { FileEntry, LoadContext } from './opening.ts';
import { fillPipe, type PipeContent, peekPipe, waitingBytes } from './pipe-content.ts';
import { contentImage } from './pipe-images.ts';
import { regOf } from './reg-entry.ts';

/** An end of a named pipe in the images. */
export interface FifoEnd {
  readonly pipeId: number;
  readonly flags: number;
  /** The entry that has its name. */
  readonly named: FileEntry;
}

/** The named pipes of a restore: each is filled when the first of its ends is opened. */
export interface FifoStore {
  /** A descriptor of the engine's own. @throws EngineError */
  open(end: FifoEnd): number;
  /** Closes what kept the pipes open meanwhile. */
  close(): void;
}

interface FifoContext extends Pick<LoadContext, 'openName'> {
  readonly ends: ReadonlyMap<number, readonly FifoEnd[]>;
  readonly contents: ReadonlyMap<number, PipeContent>;
  /** Those whose readers have been told that the last writer is gone. */
  readonly hungUp: ReadonlySet<number>;
  warn(message: string): void;
}

const { O_RDWR, O_WRONLY, O_NONBLOCK } = openFlag;

export function createFifoStore({ ends, contents, hungUp, openName, warn }: FifoContext): FifoStore {
  const held = new Map<number, number>();

  /** One that waits for its other end would wait for ever. fifo(7) */
  function openAtOnce({ named }: FifoEnd, flags: number): number {
    const fd = openName(named, flags | O_NONBLOCK);
    if (typeOf(fstatSync(fd).mode) === fileType.fifo) return fd;
    closeFd(fd);
    const { name } = regOf(named);
    throw new EngineError('FILE_CHANGED', `${name}: it was a named pipe`, {
      resource: name,
      remedy: `Put ${name} back as it was.`,
    });
  }

  /** Keeps a pipe open until all its ends are: with a writer only if it has had one, which readers can tell. poll(2), POLLHUP */
  function hold(end: FifoEnd): number {
    const { pipeId } = end;
    const content = contents.get(pipeId);
    const written =
      hungUp.has(pipeId) ||
      (content?.data.length ?? 0) > 0 ||
      ends.get(pipeId)?.some(({ flags }) => accessOf(flags) !== 'read') === true;
    const fd = firstOpened(written ? [O_RDWR, 0, O_WRONLY] : [0], (flags) => openAtOnce(end, flags));
    held.set(pipeId, fd);
    if (content !== undefined) putContent(fd, end, content);
    return fd;
  }

  function putContent(fd: number, { pipeId, named }: FifoEnd, content: PipeContent): void {
    const { name } = regOf(named);
    if (waitingBytes(fd) === 0) {
      fillPipe({ fd, what: `named pipe ${name}`, image: contentImage('fifo') }, content, warn);
      return;
    }
    // Somebody else has it open, and so it has kept what was in it.
    if (Buffer.compare(peekPipe(fd, name, content.packets !== null).data, content.data) === 0) return;
    throw new EngineError(
      'FILE_CHANGED',
      `${name}: something else waits in this named pipe than at the dump (${pipeId})`,
      {
        resource: name,
        remedy: 'End the programs that have it open, or let them read what is in it.',
      },
    );
  }

  return {
    open(end) {
      if (!held.has(end.pipeId)) hold(end);
      const fd = openAtOnce(end, reopenFlags(end.flags));
      setFlags(fd, end.flags & statusFlags & ~openFlag.O_ASYNC);
      return fd;
    },
    close() {
      for (const fd of held.values()) closeFd(fd);
      held.clear();
    },
  };
}

/** Opens in the first of several ways that this user may. */
function firstOpened(ways: readonly number[], open: (flags: number) => number): number {
  for (const flags of ways.slice(0, -1)) {
    try {
      return open(flags);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'NOT_PERMITTED') throw error;
    }
  }
  return open(ways.at(-1) as number);
}
