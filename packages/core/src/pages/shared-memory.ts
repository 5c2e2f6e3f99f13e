import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { LinuxError, openPath, syscall, trySyscall, type Vma } from '@criujs/linux';
import { pageSize } from '../facts/memory.ts';
import { openFlag } from '../kinds/files/flags.ts';
import { piecesOf, readRuns } from './run-reader.ts';
import type { PageRun, PageSource } from './source.ts';
import { behindGuards, readingMemory } from './unreadable.ts';

/** SEEK_DATA and SEEK_HOLE. lseek(2). */
const seek = { data: 3, hole: 4 } as const;
/** How much is looked at at once, in bytes. */
const chunk = 1 << 20;

/** A map of shared memory. */
export interface SharedMap {
  readonly pid: number;
  readonly vma: Pick<Vma, 'start' | 'end' | 'offset'>;
}

/** How the content of shared memory is reached. */
interface Content {
  readonly runs: readonly PageRun[];
  /** Reads from a place in it, into the engine's memory; gives how many bytes. */
  read(at: number, address: number, length: number): number;
  /** The descriptor of a file that is this content; null: there is none. */
  readonly file: (() => number) | null;
  close(): void;
}

/**
 * What is in memory that processes share, each page once: from the object itself, or, where nobody may open that
 * (proc_pid_map_files(5) wants CAP_CHECKPOINT_RESTORE), through the maps of it. The latter makes pages of zeros of what nobody has
 * used yet.
 *
 * @param maps all of it, in all processes of the tree
 * @param size of the object, in bytes
 * @param check called while pages are looked for; what it throws ends that
 */
export function sharedPages(maps: readonly SharedMap[], size: number, check: () => void): PageSource {
  const content = ofObject(maps, size, check) ?? throughMaps(maps, check);
  const { runs, read, file, close } = content;
  const part = (parts: readonly PageRun[]): PageSource['read'] =>
    readRuns(parts, read, (from) => memoryGone(maps, from));
  return { runs, file: null, pieces: file === null ? null : piecesOf(file, part), read: part(runs), close };
}

/** null: nobody may open it. */
function ofObject(maps: readonly SharedMap[], size: number, check: () => void): Content | null {
  const [first] = maps;
  if (first === undefined) return null;
  const { pid, vma } = first;
  const link = `/proc/${pid}/map_files/${vma.start.toString(16)}-${vma.end.toString(16)}`;
  let fd: number | null = null;
  const open = (): number => (fd ??= openPath(link, openFlag.O_CLOEXEC));
  try {
    open();
  } catch (error) {
    if (error instanceof LinuxError) return null;
    throw error;
  }
  const close = (): void => {
    if (fd !== null) closeSync(fd);
    fd = null;
  };
  try {
    const data = dataOf(open(), size, check);
    // A System V segment may end in the middle of a page. All of the page is there for whoever attaches it, and none of its file.
    const isWhole = data.every(({ end }) => end % pageSize === 0);
    return {
      runs: data.map(wholePages),
      file: isWhole ? open : null,
      read: (at, address, length) =>
        syscall('pread64', open(), address, length, at) || readBehind(maps, at, address, length),
      close,
    };
  } finally {
    // Nothing is held until it is read: a dump may fail in between.
    close();
  }
}

/** Reads what lies behind the end of the object, in its last page, from a map of it; gives how many bytes. */
function readBehind(maps: readonly SharedMap[], at: number, address: number, length: number): number {
  const map = maps.find(({ vma }) => vma.offset <= at && at < vma.offset + vma.end - vma.start);
  const fd = openPath(map === undefined ? '/dev/zero' : `/proc/${map.pid}/mem`, openFlag.O_CLOEXEC);
  try {
    return syscall('pread64', fd, address, length, map === undefined ? 0 : addressIn(map, at));
  } finally {
    closeSync(fd);
  }
}

/** A run up to the end of its last page. */
export function wholePages({ start, end, lazy }: PageRun): PageRun {
  return { start, end: Math.ceil(end / pageSize) * pageSize, lazy };
}

/** Where a file in memory has pages, those that were swapped out among them. */
export function dataOf(fd: number, size: number, check: () => void): PageRun[] {
  const runs: PageRun[] = [];
  for (let at = 0; at < size; ) {
    check();
    const start = trySyscall('lseek', fd, at, seek.data);
    // ENXIO: there is nothing more.
    if (start < 0 || start >= size) break;
    const end = Math.min(size, syscall('lseek', fd, start, seek.hole));
    runs.push({ start, end, lazy: false });
    at = end;
  }
  return runs;
}

/** A part of the object, and a map that shows it. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly map: SharedMap;
}

function throughMaps(maps: readonly SharedMap[], check: () => void): Content {
  const parts = partsOf(maps);
  const memories = new Map<number, number>();
  const memoryOf = (pid: number): number => {
    const fd = memories.get(pid) ?? openSync(`/proc/${pid}/mem`, 'r');
    memories.set(pid, fd);
    return fd;
  };
  const partAt = (at: number): Part => parts.find(({ start, end }) => start <= at && at < end) as Part;
  const close = (): void => {
    for (const fd of memories.values()) closeSync(fd);
    memories.clear();
  };
  try {
    return {
      file: null,
      runs: parts.flatMap(({ start, end, map }) => usedIn(start, end, map, memoryOf(map.pid), check)),
      read(at, address, length) {
        const { end, map } = partAt(at);
        const from = addressIn(map, at);
        const read = (): number => syscall('pread64', memoryOf(map.pid), address, Math.min(length, end - at), from);
        return readingMemory(map.pid, from, read, behindGuards);
      },
      close,
    };
  } finally {
    close();
  }
}

function addressIn({ vma }: SharedMap, at: number): number {
  return vma.start + at - vma.offset;
}

/** Every part of the object that is mapped, once, in order. */
function partsOf(maps: readonly SharedMap[]): Part[] {
  const parts: Part[] = [];
  let covered = 0;
  for (const map of maps.toSorted((a, b) => a.vma.offset - b.vma.offset)) {
    const end = map.vma.offset + map.vma.end - map.vma.start;
    const start = Math.max(covered, map.vma.offset);
    if (start < end) parts.push({ start, end, map });
    covered = Math.max(covered, end);
  }
  return parts;
}

/** Pages in which something is not zero. */
function usedIn(start: number, end: number, map: SharedMap, memory: number, check: () => void): PageRun[] {
  const runs: PageRun[] = [];
  const buffer = Buffer.alloc(chunk);
  const zeros = Buffer.alloc(pageSize);
  for (let at = start; at < end; ) {
    check();
    const from = addressIn(map, at);
    const read = (): number => readSync(memory, buffer, 0, Math.min(chunk, end - at), from);
    const got = readingMemory(map.pid, from, read, behindGuards);
    if (got < pageSize) throw memoryGone([map], at);
    for (let page = 0; page + pageSize <= got; page += pageSize) {
      if (buffer.compare(zeros, 0, pageSize, page, page + pageSize) === 0) continue;
      const last = runs.at(-1);
      if (last?.end === at + page) last.end += pageSize;
      else runs.push({ start: at + page, end: at + page + pageSize, lazy: false });
    }
    at += got - (got % pageSize);
  }
  return runs;
}

function memoryGone(maps: readonly SharedMap[], at: number): EngineError {
  const pid = maps[0]?.pid ?? 0;
  return new EngineError('TARGET_DIED', `process ${pid}: shared memory at ${at.toString(16)} is gone`, { pid });
}
