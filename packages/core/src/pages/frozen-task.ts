import { closeSync, openSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { type Block, type RemoteCall, readMemoryInto, setVector, syscall, type Vma } from '@criujs/linux';
import { vmaStatus } from '../facts/memory.ts';
import type { DumpedPages } from '../kinds/maps/kind.ts';
import { type MemoryRange, scanPages } from '../memory/scan.ts';
import { readRuns } from './run-reader.ts';
import type { PageRun, PageSource, PieceReader } from './source.ts';
import { readingMemory } from './unreadable.ts';

/** A map of a frozen task, as far as its pages go. */
export interface SourceMap {
  readonly vma: Pick<Vma, 'start' | 'end' | 'read'>;
  readonly entry: { readonly status: number };
  readonly pages: DumpedPages;
}

/** The pages of a task. */
interface FrozenMemory extends PageSource {
  /** Its guard pages, in none of which is anything. */
  readonly guards: readonly MemoryRange[];
}

/**
 * The memory of a frozen task: process_vm_readv(2), and /proc/PID/mem for what the task itself may not read.
 *
 * @param maps in the order of their addresses
 * @param check called while its pages are looked for; what it throws ends that
 */
export function frozenTask(pid: number, maps: readonly SourceMap[], check: () => void): FrozenMemory {
  const dumped = maps.filter(({ pages }) => pages !== 'none');
  const ranges = maps
    .filter(({ entry }) => !(entry.status & (vmaStatus.vsyscall | vmaStatus.vvar)))
    .map(({ vma, entry, pages }) => ({
      start: vma.start,
      end: vma.end,
      changedOnly: pages === 'changed',
      whole: pages === 'whole',
      guardsOnly: pages === 'none',
      lazy: (entry.status & vmaStatus.anonymousPrivate) !== 0 && (entry.status & vmaStatus.vdso) === 0,
    }));
  const { runs, guards } = scanPages(pid, ranges, check);
  const isHidden = hiddenRuns(dumped);
  let memory: number | null = null;

  const copy = (from: number, address: number, length: number, run: PageRun): number => {
    return readingMemory(pid, from, () => {
      if (!isHidden(run)) return readMemoryInto(pid, from, address, length);
      memory ??= openSync(`/proc/${pid}/mem`, 'r');
      return syscall('pread64', memory, address, length, from);
    });
  };

  const readerOf = (parts: readonly PageRun[]): PageSource['read'] =>
    readRuns(parts, copy, (from) => memoryGone(pid, from));
  const pieces: PieceReader = {
    reaches: (parts) => !parts.some(isHidden),
    call: (parts, address, vectors) => readCall(pid, parts, address, vectors),
    part: readerOf,
  };

  return {
    runs,
    guards,
    file: null,
    pieces,
    read: readerOf(runs),
    close() {
      if (memory !== null) closeSync(memory);
      memory = null;
    },
  };
}

/**
 * Tells of a run, or a part of one, whether the process itself may not read some of it: process_vm_readv(2) refuses such pages, and
 * /proc/PID/mem gives them.
 *
 * @param maps in the order of their addresses
 */
function hiddenRuns(maps: readonly SourceMap[]): (run: PageRun) => boolean {
  const unreadable = maps.filter(({ vma }) => !vma.read).map(({ vma }) => vma);
  return ({ start, end }) => {
    // The first that ends behind the start.
    let [low, high] = [0, unreadable.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((unreadable[middle]?.end ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    const next = unreadable[low];
    return next !== undefined && next.start < end;
  };
}

function readCall(pid: number, parts: readonly PageRun[], address: number, vectors: Block): RemoteCall {
  let length = 0;
  parts.forEach(({ start, end }, at) => {
    setVector(vectors, 16 * (at + 1), start, end - start);
    length += end - start;
  });
  setVector(vectors, 0, address, length);
  return ['process_vm_readv', pid, vectors.address, 1, vectors.address + 16, parts.length, 0];
}

function memoryGone(pid: number, address: number): EngineError {
  return new EngineError('TARGET_DIED', `process ${pid}: its memory at 0x${address.toString(16)} is gone`, { pid });
}
