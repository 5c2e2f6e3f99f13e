import { closeSync, openSync, readSync } from 'node:fs';
import { arena, type Block, syscall, trySyscall } from '@criujs/linux';
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
  /** Look for guard pages only. */
  readonly guardsOnly: boolean;
  readonly lazy: boolean;
}

/** Addresses of memory, in bytes. */
export interface MemoryRange {
  readonly start: number;
  end: number;
}

/** What was found. */
export interface FoundMemory {
  readonly runs: PageRun[];
  /** Guard pages: there is nothing in them, and nobody may read them. */
  readonly guards: MemoryRange[];
}

/** PAGEMAP_SCAN, an ioctl of /proc/PID/pagemap since Linux 6.7: _IOWR('f', 16, struct pm_scan_arg). Documentation/admin-guide/mm/pagemap.rst. */
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
const page = { file: 4n, present: 8n, swapped: 16n, zero: 32n, guard: 256n } as const;
/** Bytes of addresses in one call: where all of it is there, that takes some 50 ms. */
const longestScan = 8 * 2 ** 30;
/** `struct page_region`: start, end, categories. */
const regionSize = 24;
const regions = 8192;

/**
 * Bits 63, 62, 61 and 58 of an entry of /proc/PID/pagemap, seen in its top byte. proc_pid_pagemap(5). A guard page is shown as
 * swapped, too, and since Linux 6.15 as what it is.
 */
const topBit = { present: 0x80, swapped: 0x40, file: 0x20, guard: 0x04 } as const;

/** How pages are found: what the kernel can tell in a scan, or by reading entry by entry. */
type Way = 'scan' | 'scan, guards from entries' | 'entries';

interface Search extends FoundMemory {
  readonly fd: number;
  /** Room for a question to the kernel, and for what it has found. */
  readonly arg: Block;
  readonly found: Block;
  /** Called between two calls into the kernel. */
  readonly check: () => void;
}

/**
 * Finds the pages of a process that hold something of its own: present or swapped out, not the zero page and, if requested, not
 * the file's.
 * @param check called between two calls into the kernel; what it throws ends the scan
 */
export function scanPages(
  pid: number,
  ranges: readonly ScanRange[],
  check: () => void = () => undefined,
  way?: Way,
): FoundMemory {
  const fd = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    const best = way ?? bestWay(fd);
    return arena.scope(() => {
      const [arg, found] = [arena.alloc(scanArg.bytes), arena.alloc(regions * regionSize)];
      const search: Search = { fd, arg, found, check, runs: [], guards: [] };
      for (const range of joined(ranges)) {
        if (range.whole) addRun(search.runs, range.start, range.end, range.lazy);
        else if (best === 'entries') readRange(search, range);
        else scanRange(search, range, best === 'scan');
      }
      return { runs: search.runs, guards: search.guards };
    });
  } finally {
    closeSync(fd);
  }
}

/** Neighbours that are looked at alike are one: thousands of maps need not be as many calls. */
function joined(ranges: readonly ScanRange[]): ScanRange[] {
  const all: ScanRange[] = [];
  for (const range of ranges) {
    const last = all.at(-1);
    if (last?.end === range.start && isAlike(last, range)) all[all.length - 1] = { ...last, end: range.end };
    else all.push(range);
  }
  return all;
}

function isAlike(one: ScanRange, other: ScanRange): boolean {
  const { changedOnly, whole, guardsOnly, lazy } = one;
  return (
    changedOnly === other.changedOnly && whole === other.whole && guardsOnly === other.guardsOnly && lazy === other.lazy
  );
}

/** PAGE_IS_GUARD came with Linux 6.16. */
function bestWay(fd: number): Way {
  if (kernelScans(fd, page.guard)) return 'scan';
  return kernelScans(fd, 0n) ? 'scan, guards from entries' : 'entries';
}

function addGuard(guards: MemoryRange[], start: number, end: number): void {
  const last = guards.at(-1);
  if (last?.end === start) last.end = end;
  else guards.push({ start, end });
}

function addRun(runs: PageRun[], start: number, end: number, lazy: boolean): void {
  const last = runs.at(-1);
  if (last !== undefined && last.end === start && last.lazy === lazy) last.end = end;
  else runs.push({ start, end, lazy });
}

/** Whether it scans at all, and knows these categories. */
function kernelScans(fd: number, categories: bigint): boolean {
  return arena.scope(() => {
    const arg = arena.alloc(scanArg.bytes);
    arg.bytes.fill(0);
    arg.view.setBigUint64(scanArg.size, BigInt(scanArg.bytes), true);
    arg.view.setBigUint64(scanArg.returned, categories, true);
    return trySyscall('ioctl', fd, scanRequest, arg.address) >= 0;
  });
}

/** @param seesGuards whether the kernel tells guard pages from others; if not, entries of what looks swapped do */
function scanRange(search: Search, range: ScanRange, seesGuards: boolean): void {
  const { fd, arg, found, runs, guards, check } = search;
  const ofOthers = page.zero | (range.changedOnly ? page.file : 0n);
  const unwanted = range.guardsOnly ? 0n : ofOthers;
  const guardLike = seesGuards ? page.guard : page.swapped;
  const wanted = range.guardsOnly ? guardLike : page.present | page.swapped;
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
    set(scanArg.any, wanted);
    set(scanArg.returned, guardLike);
    const count = syscall('ioctl', fd, scanRequest, arg.address);
    for (let at = 0; at < count; at++) {
      const start = Number(found.view.getBigUint64(at * regionSize, true));
      const end = Number(found.view.getBigUint64(at * regionSize + 8, true));
      const isGuardLike = found.view.getUint32(at * regionSize + 16, true) !== 0;
      if (!isGuardLike) addRun(runs, start, end, range.lazy);
      else if (seesGuards) addGuard(guards, start, end);
      else readRange(search, { ...range, start, end });
    }
    // It may say where it last emptied a buffer of its own, which has 512 regions, and have gone on from there.
    const told = count === 0 ? from : Number(found.view.getBigUint64((count - 1) * regionSize + 8, true));
    const reached = Math.max(told, Number(arg.view.getBigUint64(scanArg.walkEnd, true)));
    if (reached <= from) return;
    from = reached;
  }
}

/** Entry by entry. A page of zeros that was only read counts as well: an entry does not tell. */
function readRange({ fd, runs, guards, check }: Search, range: ScanRange): void {
  const entries = Buffer.alloc(64 * 1024);
  for (let from = range.start; from < range.end; ) {
    check();
    const want = Math.min(entries.length, ((range.end - from) / pageSize) * 8);
    const got = readSync(fd, entries, 0, want, (from / pageSize) * 8);
    if (got <= 0) return;
    for (let at = 0; at + 8 <= got; at += 8, from += pageSize) {
      const flags = entries[at + 7] as number;
      if (!(flags & (topBit.present | topBit.swapped))) continue;
      if (flags & topBit.guard) {
        addGuard(guards, from, from + pageSize);
        continue;
      }
      if (range.guardsOnly || (range.changedOnly && flags & topBit.file)) continue;
      addRun(runs, from, from + pageSize, range.lazy);
    }
  }
}
