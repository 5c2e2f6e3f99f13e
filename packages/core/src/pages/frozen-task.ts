import { closeSync, openSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { readMemoryInto, syscall, type Vma } from '@criujs/linux';
import { vmaStatus } from '../facts/memory.ts';
import type { DumpedPages } from '../kinds/maps/kind.ts';
import { type MemoryRange, scanPages } from '../memory/scan.ts';
import { readRuns } from './run-reader.ts';
import type { PageRun, PageSource } from './source.ts';
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

  return {
    runs,
    guards,
    file: null,
    read: readRuns(runs, copy, (from) => memoryGone(pid, from)),
    close() {
      if (memory !== null) closeSync(memory);
      memory = null;
    },
  };
}

/**
 * Tells of each run whether the process itself may not read some of it: process_vm_readv(2) refuses such pages, and
 * /proc/PID/mem gives them. Runs must come in the order of their addresses: each map is looked at once.
 */
function hiddenRuns(maps: readonly SourceMap[]): (run: PageRun) => boolean {
  const unreadable = maps.filter(({ vma }) => !vma.read).map(({ vma }) => vma);
  let at = 0;
  return ({ start, end }) => {
    while (at < unreadable.length && (unreadable[at]?.end ?? end) <= start) at++;
    const next = unreadable[at];
    return next !== undefined && next.start < end;
  };
}

function memoryGone(pid: number, address: number): EngineError {
  return new EngineError('TARGET_DIED', `process ${pid}: its memory at 0x${address.toString(16)} is gone`, { pid });
}
