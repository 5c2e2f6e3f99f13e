import { keptBlock } from '../arena.ts';
import { type CallList, createCallList, type ListedCall } from '../call-list.ts';
import { isNativeLoaded, native } from '../native.ts';
import { type FileStat, parseStatx, statxCall, statxLength } from './file-stat.ts';

/** What will be looked at, by absolute paths. */
export interface ReadAhead {
  /** Small files, read as text. */
  readonly texts?: readonly string[];
  /** Where links lead. */
  readonly links?: readonly string[];
  /** What paths lead to. */
  readonly stats?: readonly string[];
}

/** What was read ahead, until somebody takes it. */
type Kept = { readonly [Kind in keyof ReadAhead]-?: Map<string, Kind extends 'stats' ? FileStat : string> };

/** The most bytes of a path, with the zero behind it. */
const pathRoom = 256;
/** So many files are read in one step. */
const atOnce = 64;
/** O_RDONLY and O_CLOEXEC. open(2). */
const readOnly = 0x8_0000;

/** How files are read: the calls for each, and what came. */
interface Way<T> {
  /** The most bytes that come. */
  readonly room: number;
  /** @param path where the path is, @param to where the content goes */
  calls(path: number, to: number): readonly ListedCall[];
  /** undefined: it cannot be read, or not to its end. */
  result(answers: (call: number) => number, content: Buffer): T | undefined;
}

/** A second read gets nothing more of a file that was read to its end. */
const text: Way<string> = {
  room: 2048,
  calls: (path, to) => [
    { call: ['openat', 0, path, readOnly], passes: 3 },
    { call: ['read', 0, to, text.room] },
    { call: ['read', 0, to, 1] },
    { call: ['close', 0] },
  ],
  result: (answer, content) => (answer(2) === 0 ? content.toString('utf8', 0, answer(1)) : undefined),
};

/** readlink(2) does not say whether there was room for all: a full one may be longer. */
const link: Way<string> = {
  room: 512,
  calls: (path, to) => [{ call: ['readlink', path, to, link.room] }],
  result(answer, content) {
    const length = answer(0);
    return length < 0 || length === link.room ? undefined : content.toString('utf8', 0, length);
  },
};

const stat: Way<FileStat> = {
  room: statxLength,
  calls: (path, to) => [{ call: statxCall(path, to) }],
  result: (answer, content) => (answer(0) === 0 ? parseStatx(content) : undefined),
};

const kept: Kept = { texts: new Map(), links: new Map(), stats: new Map() };
const read = { texts: reader(text), links: reader(link), stats: reader(stat) };

/**
 * Reads many small things in few steps, ahead of those who ask for them one by one inside of `body`; each is given once. What
 * cannot be read is left to who asks, with its error. Where this thread has not loaded koffi, nothing is read ahead.
 *
 * Everything is as it was at the beginning: for files of a process that stands still, and for looks that are taken once.
 */
export function readAhead<T>({ texts = [], links = [], stats = [] }: ReadAhead, body: () => T): T {
  if (!isNativeLoaded()) return body();
  try {
    read.texts(texts, kept.texts);
    read.links(links, kept.links);
    read.stats(stats, kept.stats);
    return body();
  } finally {
    for (const path of texts) kept.texts.delete(path);
    for (const path of links) kept.links.delete(path);
    for (const path of stats) kept.stats.delete(path);
  }
}

/** Reads something once, so that all that it takes is there when time counts. @throws LinuxError where koffi does not load */
export function prepareReadAhead(): void {
  native();
  const some = ['/proc/self/exe'];
  readAhead({ texts: ['/proc/self/stat'], links: some, stats: some }, () => undefined);
}

/** What was read ahead of this path; undefined: nothing was. */
export function takeKept<Kind extends keyof Kept>(kind: Kind, path: string): ReturnType<Kept[Kind]['get']> {
  const found = kept[kind].get(path);
  kept[kind].delete(path);
  return found as ReturnType<Kept[Kind]['get']>;
}

/** Reads all files of one kind; memory is set aside at the first use. */
function reader<T>(way: Way<T>): (paths: readonly string[], into: Map<string, T>) => void {
  let made: { readonly list: CallList; readonly names: Buffer; readonly contents: readonly Buffer[] } | undefined;
  const make = (): NonNullable<typeof made> => {
    const names = keptBlock(atOnce * pathRoom);
    const content = keptBlock(atOnce * way.room);
    return {
      list: createCallList(atOnce, (row) =>
        way.calls(names.address + row * pathRoom, content.address + row * way.room),
      ),
      names: names.bytes,
      contents: Array.from({ length: atOnce }, (_, row) =>
        content.bytes.subarray(row * way.room, (row + 1) * way.room),
      ),
    };
  };
  return (paths, into) => {
    const short = paths.filter((path) => Buffer.byteLength(path) < pathRoom);
    for (let from = 0; from < short.length; from += atOnce) {
      made ??= make();
      const { list, names, contents } = made;
      const some = short.slice(from, from + atOnce);
      some.forEach((path, row) => void names.write(`${path}\0`, row * pathRoom));
      list.make(some.length);
      some.forEach((path, row) => {
        const found = way.result((call) => list.answer(row, call), contents[row] as Buffer);
        if (found !== undefined) into.set(path, found);
      });
    }
  };
}
