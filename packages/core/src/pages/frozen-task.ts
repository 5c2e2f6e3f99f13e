import { closeSync, openSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { syscall, type Vma } from '@criujs/linux';
import { vmaStatus } from '../facts/memory.ts';
import type { DumpedPages } from '../kinds/maps/kind.ts';
import { type MemoryRange, scanPages } from '../memory/scan.ts';
import { piecesOf, readRuns } from './run-reader.ts';
import type { PageRun, PageSource } from './source.ts';
import { readingMemory } from './unreadable.ts';

/** A map of a frozen task, as far as its pages go. */
export interface SourceMap {
  readonly vma: Pick<Vma, 'start' | 'end'>;
  readonly entry: { readonly status: number };
  readonly pages: DumpedPages;
}

/** The pages of a task. */
interface FrozenMemory extends PageSource {
  /** Its guard pages, in none of which is anything. */
  readonly guards: readonly MemoryRange[];
}

/**
 * The memory of a frozen task, through /proc/PID/mem. That gives pages that the task itself may not read, and leaves alone what it
 * shares with others since a fork(2): process_vm_readv(2) would give it a page of its own for each (the kernel pins what it reads).
 *
 * @param maps in the order of their addresses
 * @param check called while its pages are looked for; what it throws ends that
 */
export function frozenTask(pid: number, maps: readonly SourceMap[], check: () => void): FrozenMemory {
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
  let memory: number | null = null;
  const open = (): number => (memory ??= openSync(`/proc/${pid}/mem`, 'r'));
  const copy = (from: number, address: number, length: number): number =>
    readingMemory(pid, from, () => syscall('pread64', open(), address, length, from));
  const part = (parts: readonly PageRun[]): PageSource['read'] =>
    readRuns(parts, copy, (from) => memoryGone(pid, from));

  return {
    runs,
    guards,
    file: null,
    pieces: piecesOf(open, part),
    read: part(runs),
    close() {
      if (memory !== null) closeSync(memory);
      memory = null;
    },
  };
}

function memoryGone(pid: number, address: number): EngineError {
  return new EngineError('TARGET_DIED', `process ${pid}: its memory at 0x${address.toString(16)} is gone`, { pid });
}
