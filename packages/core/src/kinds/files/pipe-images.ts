import { EngineError, type PipeRecord, type Records } from '@criujs/engine-kit';
import type { ImageRecordInit } from '@criujs/images';
import { closeFd, openPath } from '@criujs/linux';
import { invalid } from '../rules.ts';
import type { SaveContext } from './dumping.ts';
import { isExternalPipe } from './external-keys.ts';
import { accessOf, openFlag } from './flags.ts';
import type { Holder } from './held.ts';
import { isOtherEndClosed, type PipeContent, peekPipe, pipeSize, waitingBytes } from './pipe-content.ts';
import type { ImageReader } from './side-images.ts';

/** Where CRIU keeps what waits in pipes, by what the pipes are. */
const contentImages = {
  pipe: { kind: 'PIPES_DATA', file: 'pipes-data.img' },
  fifo: { kind: 'FIFO_DATA', file: 'fifo-data.img' },
} as const;

/** Whether a pipe has a name. */
export type PipeKind = keyof typeof contentImages;

/** An open end of a pipe. */
export interface PipeEnd {
  readonly pipeId: number;
  readonly holder: Holder;
  readonly flags: number;
}

/** The image that has what waits in pipes of a kind. */
export function contentImage(kind: PipeKind): string {
  return contentImages[kind].file;
}

/** Groups ends by their pipe. */
export function byPipe<E extends { readonly pipeId: number }>(ends: readonly E[]): ReadonlyMap<number, readonly E[]> {
  const pipes = new Map<number, E[]>();
  for (const end of ends) {
    const known = pipes.get(end.pipeId);
    if (known === undefined) pipes.set(end.pipeId, [end]);
    else known.push(end);
  }
  return pipes;
}

/**
 * Writes what waits in pipes, which stays there, and how much each can hold. What waits in a pipe without a name that no process can read
 * is not kept.
 */
export function writeContents(
  kind: PipeKind,
  pipes: ReadonlyMap<number, readonly PipeEnd[]>,
  { tree, images, records }: Pick<SaveContext, 'tree' | 'images' | 'records'>,
): void {
  const contents = [...pipes].map(([pipeId, ends]): ImageRecordInit<'PIPES_DATA'> => {
    const { size, data, packets, hungUp } = contentOf(kind, pipeId, ends, tree);
    const external = kind === 'pipe' && isExternalPipe(pipeId, tree.options);
    if (packets !== null || hungUp || external) records.pipes.push({ kind, pipeId, packets, hungUp, external });
    return { message: { pipeId, bytes: data.length, size }, data };
  });
  images.write(contentImages[kind].kind, contentImage(kind), contents);
}

function contentOf(
  kind: PipeKind,
  pipeId: number,
  ends: readonly PipeEnd[],
  tree: SaveContext['tree'],
): PipeContent & { readonly hungUp: boolean } {
  const what = `${kind} ${pipeId}`;
  const inPackets = ends.some(({ flags }) => (flags & openFlag.O_DIRECT) !== 0);
  const reader = ends.find(({ flags }) => accessOf(flags) !== 'write');
  const end = reader ?? ends[0];
  if (end === undefined) throw new EngineError('INTERNAL', `${what} has no end`);
  return tree.borrow(end.holder, (fd) => {
    const nothing = { size: pipeSize(fd), data: new Uint8Array(), packets: null, hungUp: false };
    // Only one with a name may get a writer again: for others it follows from their ends.
    if (reader !== undefined)
      return { ...peekPipe(fd, what, inPackets), hungUp: kind === 'fifo' && isOtherEndClosed(fd) };
    return kind === 'pipe' || waitingBytes(fd) === 0 ? nothing : { ...nothing, ...peekAnew(fd, what, inPackets) };
  });
}

/** What waits in a named pipe that nobody reads: whoever opens it can read it. */
function peekAnew(fd: number, what: string, inPackets: boolean): PipeContent {
  const own = openPath(`/proc/self/fd/${fd}`, openFlag.O_NONBLOCK);
  try {
    return peekPipe(own, what, inPackets);
  } finally {
    closeFd(own);
  }
}

/** What waited in each pipe of a kind, by its id. @throws EngineError IMAGE_INVALID */
export function readContents(
  kind: PipeKind,
  images: ImageReader,
  records: Records | null,
): ReadonlyMap<number, PipeContent> {
  const file = contentImage(kind);
  const recorded = new Map(records?.pipes?.filter((it) => it.kind === kind).map((it) => [it.pipeId, it]));
  const contents = new Map<number, PipeContent>();
  for (const { message, data = new Uint8Array() } of images.read(contentImages[kind].kind, file)) {
    const { pipeId, size } = message;
    if (contents.has(pipeId)) throw invalid(file, `pipe ${pipeId} is there twice`);
    contents.set(pipeId, { size, data, packets: packetsOf(recorded.get(pipeId), data, file) });
  }
  return contents;
}

function packetsOf(record: PipeRecord | undefined, data: Uint8Array, file: string): readonly number[] | null {
  const packets = record?.packets ?? null;
  const sum = packets?.reduce((all, length) => all + length, 0) ?? data.length;
  if (sum !== data.length)
    throw invalid(file, `${data.length} bytes wait in pipe ${record?.pipeId}, whose packets have ${sum}`);
  return packets;
}
