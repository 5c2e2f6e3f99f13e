import { closeFd } from '@criujs/linux';
import { runTaskCalls, type TaskCall } from '../../machinery/calls/remote.ts';
import type { BuiltThread, Workshop } from '../../machinery/make/helper.ts';
import { userfaultfdOf } from '../../machinery/make/userfaultfd.ts';
import type { Range } from '../../memory/ranges.ts';
import { isInOrder } from '../../pages/chunks.ts';
import { copyPages } from '../../pages/copy.ts';
import { fillFresh, placesFor } from '../../pages/fresh-memory.ts';
import { isSoonerSideBySide } from '../../pages/side-by-side.ts';
import type { PageSource } from '../../pages/source.ts';
import { type PagePlace, taskMemory } from '../../pages/task-memory.ts';
import { fillWritten } from '../../pages/written-memory.ts';
import type { Session } from '../../run/session.ts';

/** Most pieces that one preadv takes (IOV_MAX is 1024). readv(2). */
const mostPieces = 1000;
/** Most bytes in one call: a task that is ended in the middle of one ends when it is done. */
const mostBytes = 64 << 20;
/** `struct iovec`: address and length. readv(2). */
const pieceSize = 16;

/** Who fills its memory, and what with. */
export interface Filling {
  readonly thread: BuiltThread;
  readonly workshop: Workshop;
  readonly session: Session;
  /** The number at which the task finds one of the engine's descriptors. */
  inherited(fd: number): number;
}

/**
 * Fills memory of a task: the engine copies pages of a file, the task reads what that does not do itself, and pages of a stream go
 * through the engine's memory in order.
 *
 * @param file the image that says where they belong
 * @param fresh private memory without a file and without a page, in the order of addresses
 */
export function fillMemory(
  filling: Filling,
  places: readonly PagePlace[],
  pages: PageSource,
  file: string,
  fresh: readonly Range[] = [],
): void {
  const { thread, workshop, session } = filling;
  if (pages.file === null) {
    copyPages(pages, taskMemory(thread.pid, places, file), session.checkAborted);
    return;
  }
  // Images may say anything: what has a page twice is filled in their order.
  const left = isInOrder(places) ? fillFromOutside(filling, places, pages.file, fresh) : places;
  runTaskCalls(workshop.place(thread), workshop.data, fillCalls(left, filling.inherited(pages.file)), file);
}

/** Gives the places that are left: all of them where it is not worth while. */
function fillFromOutside(
  filling: Filling,
  places: readonly PagePlace[],
  file: number,
  fresh: readonly Range[],
): readonly PagePlace[] {
  const { filled, failed } = fillNew(filling, placesFor(places, fresh), file, fresh);
  const others = filled.size === 0 ? places : places.filter(({ offset }) => !filled.has(offset));
  const bytes = others.reduce((sum, { length }) => sum + length, 0);
  const { thread, session } = filling;
  const left = isSoonerSideBySide(bytes) ? fillWritten(thread.pid, others, file, session.checkAborted) : others;
  return failed.length === 0 ? left : [...left, ...failed].sort((a, b) => a.offset - b.offset);
}

interface Filled {
  /** Offsets of places that were dealt with. */
  readonly filled: ReadonlySet<number>;
  readonly failed: readonly PagePlace[];
}

function fillNew(
  { thread, workshop, session }: Filling,
  places: readonly PagePlace[],
  file: number,
  spans: readonly Range[],
): Filled {
  const userfaultfd = places.length === 0 ? null : userfaultfdOf(thread, workshop);
  if (userfaultfd === null) return { filled: new Set(), failed: [] };
  try {
    const failed = fillFresh({ userfaultfd, spans }, places, file, session.checkAborted);
    return { filled: new Set(places.map(({ offset }) => offset)), failed };
  } finally {
    closeFd(userfaultfd);
  }
}

/**
 * Calls that read a task's pages out of the image, each piece into its place: memory never passes through the engine.
 *
 * @param pages the task's descriptor of the image of pages
 */
function fillCalls(fills: readonly PagePlace[], pages: number): TaskCall[] {
  const calls: TaskCall[] = [];
  let pieces: PagePlace[] = [];
  let bytes = 0;
  const flush = (): void => {
    const [first] = pieces;
    if (first !== undefined) calls.push(readCall(pieces, bytes, pages));
    pieces = [];
    bytes = 0;
  };
  for (const fill of fills.flatMap((fill) => [...cut(fill)])) {
    const last = pieces.at(-1);
    const follows = last === undefined || last.offset + last.length === fill.offset;
    if (!follows || pieces.length === mostPieces || bytes + fill.length > mostBytes) flush();
    pieces.push(fill);
    bytes += fill.length;
  }
  flush();
  return calls;
}

function readCall(pieces: readonly PagePlace[], bytes: number, pages: number): TaskCall {
  const vector = Buffer.alloc(pieces.length * pieceSize);
  pieces.forEach(({ start, length }, at) => {
    vector.writeBigUInt64LE(BigInt(start), at * pieceSize);
    vector.writeBigUInt64LE(BigInt(length), at * pieceSize + 8);
  });
  const offset = pieces[0]?.offset ?? 0;
  return {
    name: 'preadv',
    args: [pages, vector, pieces.length, offset, 0],
    expect: bytes,
    what: `read ${bytes} bytes of its memory from the image`,
  };
}

function* cut(fill: PagePlace): Generator<PagePlace> {
  for (let done = 0; done < fill.length; done += mostBytes) {
    yield { start: fill.start + done, length: Math.min(mostBytes, fill.length - done), offset: fill.offset + done };
  }
}
