import { readSync } from 'node:fs';
import { closeFd, openPath, syscall } from '@criujs/linux';
import { openFlag } from '../kinds/files/flags.ts';
import { piecesOf, readRuns } from './run-reader.ts';
import { dataOf, wholePages } from './shared-memory.ts';
import type { PageRun, PageSource } from './source.ts';

/** A file in memory whose pages are dumped. */
export interface MemoryFile {
  /** Opens it for reading. */
  open(): number;
  /** In bytes. */
  readonly size: number;
  /** The size of its huge pages in bytes; null: it has none. */
  readonly hugePage: number | null;
}

/**
 * What is in a file in memory. The last page is read whole, as memory has it: behind the end are zeros.
 * @param check called while pages are looked for; what it throws ends that
 */
export function filePages({ open, size, hugePage }: MemoryFile, check: () => void): PageSource {
  let fd: number | null = null;
  let zeros: number | null = null;
  const file = (): number => (fd ??= open());
  const close = (): void => {
    for (const it of [fd, zeros]) if (it !== null) closeFd(it);
    fd = null;
    zeros = null;
  };
  const copy = (from: number, address: number, length: number): number => {
    if (from < size) return syscall('pread64', file(), address, length, from);
    zeros ??= openPath('/dev/zero', openFlag.O_CLOEXEC);
    return syscall('pread64', zeros, address, length, 0);
  };
  const part = (runs: readonly PageRun[]): PageSource['read'] =>
    readRuns(runs, copy, (from) => new Error(`the memory of a file ends at ${from.toString(16)}`));
  try {
    const runs =
      hugePage === null ? dataOf(file(), size, check).map(wholePages) : usedPages(file(), size, hugePage, check);
    const isWhole = runs.every(({ end }) => end <= size);
    return { runs, file: null, pieces: isWhole ? piecesOf(file, part) : null, read: part(runs), close };
  } finally {
    // Nothing is held until it is read: a dump may fail in between.
    close();
  }
}

/** Huge pages in which something is not zero: their file system does not tell. */
function usedPages(fd: number, size: number, hugePage: number, check: () => void): PageRun[] {
  const runs: PageRun[] = [];
  const buffer = Buffer.alloc(hugePage);
  const zeros = Buffer.alloc(hugePage);
  for (let at = 0; at < size; at += hugePage) {
    check();
    const got = readSync(fd, buffer, 0, hugePage, at);
    if (buffer.compare(zeros, 0, got, 0, got) !== 0) runs.push({ start: at, end: at + hugePage, lazy: false });
  }
  return runs;
}
