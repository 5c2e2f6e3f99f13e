import type { MemoryRecord } from '@criujs/engine-kit';
import { errno, readSmaps } from '@criujs/linux';
import { pageSize } from '../../facts/memory.ts';
import type { Question } from '../../kinds/processes/kind.ts';

/** MS_INVALIDATE: fails with EBUSY where memory is locked. msync(2). */
const invalidate = 2;

/**
 * Asks a process whether new maps are locked in memory: mlockall(2) with MCL_FUTURE. Only a new map shows it, and the engine's own
 * in the process is one.
 */
export function askNewLocks(pid: number): Question<Pick<MemoryRecord, 'locksNew'>> {
  return (area) => {
    const within = area.reserve(8);
    return {
      calls: [['msync', within - (within % pageSize), pageSize, invalidate]],
      answer: ([result]) => ({ locksNew: result === -errno.EBUSY ? howLocked(pid, within) : 'no' }),
    };
  };
}

function howLocked(pid: number, address: number): MemoryRecord['locksNew'] {
  const map = readSmaps(pid).find(({ start, end }) => start <= address && address < end);
  return map?.vmFlags?.has('lf') ? 'on-fault' : 'filled';
}
