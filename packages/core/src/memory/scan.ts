import { closeSync, openSync, readSync } from 'node:fs';
import { arena, syscall, trySyscall } from '@criujs/linux';
import { pageSize } from '../facts/memory.ts';
import type { PageRun } from '../pages/source.ts';

/** Which part of a map to scan. */
export interface ScanRange {
  readonly start: number;
  readonly end: number;
  /** Leave out pages that are still the file's. */
  readonly changedOnly: boolean;
  /** Take every page: which of the kernel's own are there depends on what was looked at. */
  readonly whole: boolean;
  readonly lazy: boolean;
}

/**
 * PAGEMAP_SCAN, an ioctl of /proc/PID/pagemap since Linux 6.7: _IOWR('f', 16, struct pm_scan_arg).
 * Documentation/admin-guide/mm/pagemap.rst.
 */
const scanRequest = 0xc060_6610;
/** Offsets in `struct pm_scan_arg`, 64 bits each. */
const scanArg = {
  size: 0,
  start: 16,
  end: 24,
  walkEnd: 32,
  vec: 40,
  vecLength: 48,
  inverted: 64,
  all: 72,
  any: 80,
  returned: 88,
  bytes: 96,
} as const;
/** Categories of a page (PAGE_IS_…). */
const page = { file: 4n, present: 8n, swapped: 16n, zero: 32n } as const;
/** Bytes of addresses in one call: where all of it is there, that takes some 50 ms. */
const longestScan = 8 * 2 ** 30;
/** `struct page_region`: start, end, categories. */
const regionSize = 24;
const regions = 8192;

/** Bits 63, 62 and 61 of an entry of /proc/PID/pagemap, seen in its top byte. proc_pid_pagemap(5). */
const topBit = { present: 0x80, swapped: 0x40, file: 0x20 } as const;

/**
 * Finds the pages of a process that hold something of its own: present or swapped out, not the zero page and, if requested, not
 * the file's.
 * @param check called between two calls into the kernel; what it throws ends the scan
 */
export function scanPages(
  pid: number,
  ranges: readonly ScanRange[],
  check: () => void = () => undefined,
  how: 'scan' | 'read' | 'best' = 'best',
): PageRun[] {
  const fd = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    const scan = how === 'read' || (how === 'best' && !kernelScans(fd)) ? readRange : scanRange;
    const runs: PageRun[] = [];
    for (const range of ranges) {
      if (range.whole) addRun(runs, range.start, range.end, range.lazy);
      else scan(fd, range, runs, check);
    }
    return runs;
  } finally {
    closeSync(fd);
  }
}

function addRun(runs: PageRun[], start: number, end: number, lazy: boolean): void {
  const last = runs.at(-1);
  if (last !== undefined && last.end === start && last.lazy === lazy) last.end = end;
  else runs.push({ start, end, lazy });
}

function kernelScans(fd: number): boolean {
  return arena.scope(() => {
    const arg = arena.alloc(scanArg.bytes);
    arg.view.setBigUint64(scanArg.size, BigInt(scanArg.bytes), true);
    return trySyscall('ioctl', fd, scanRequest, arg.address) >= 0;
  });
}

function scanRange(fd: number, range: ScanRange, runs: PageRun[], check: () => void): void {
  arena.scope(() => {
    const arg = arena.alloc(scanArg.bytes);
    const found = arena.alloc(regions * regionSize);
    const unwanted = page.zero | (range.changedOnly ? page.file : 0n);
    for (let from = range.start; from < range.end; ) {
      check();
      arg.bytes.fill(0);
      const set = (offset: number, value: bigint): void => arg.view.setBigUint64(offset, value, true);
      set(scanArg.size, BigInt(scanArg.bytes));
      set(scanArg.start, BigInt(from));
      set(scanArg.end, BigInt(Math.min(range.end, from + longestScan)));
      set(scanArg.vec, BigInt(found.address));
      set(scanArg.vecLength, BigInt(regions));
      set(scanArg.inverted, unwanted);
      set(scanArg.all, unwanted);
      set(scanArg.any, page.present | page.swapped);
      set(scanArg.returned, page.present);
      const count = syscall('ioctl', fd, scanRequest, arg.address);
      for (let at = 0; at < count; at++) {
        const start = Number(found.view.getBigUint64(at * regionSize, true));
        addRun(runs, start, Number(found.view.getBigUint64(at * regionSize + 8, true)), range.lazy);
      }
      const walked = Number(arg.view.getBigUint64(scanArg.walkEnd, true));
      if (walked <= from) return;
      from = walked;
    }
  });
}

/** For kernels before 6.7. A page of zeros that was only read is dumped as well: the file does not tell. */
function readRange(fd: number, range: ScanRange, runs: PageRun[], check: () => void): void {
  const entries = Buffer.alloc(64 * 1024);
  for (let from = range.start; from < range.end; ) {
    check();
    const want = Math.min(entries.length, ((range.end - from) / pageSize) * 8);
    const got = readSync(fd, entries, 0, want, (from / pageSize) * 8);
    if (got <= 0) return;
    for (let at = 0; at + 8 <= got; at += 8, from += pageSize) {
      const flags = entries[at + 7] as number;
      if (!(flags & (topBit.present | topBit.swapped))) continue;
      if (range.changedOnly && flags & topBit.file) continue;
      addRun(runs, from, from + pageSize, range.lazy);
    }
  }
}
