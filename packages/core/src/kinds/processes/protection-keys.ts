import { EngineError } from '@criujs/engine-kit';
import { errno } from '@criujs/linux';
import { pageSize } from '../../facts/memory.ts';
import type { Inquiry } from '../../machinery/calls/remote.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import type { ProcessKind, ProcessPart, Question } from './kind.ts';

/** Key 0 is that of all memory; x86-64 has 15 others. pkeys(7). */
const keys = Array.from({ length: 15 }, (_, at) => at + 1);
/** Where no process can have memory: the last page below 2^56, with five levels of page tables, too. Documentation/arch/x86/x86_64/mm.rst. */
const nowhere = 2n ** 56n - BigInt(pageSize);

/**
 * Protection keys that a process has allocated. Memory that has one is refused by its map (`kinds/maps/vm-flags.ts`); that one is
 * allocated and unused shows only from inside.
 */
export const protectionKeys: ProcessKind = {
  name: 'protection keys',
  describe: [],
  ask: (task) => [askKeys(task)],
};

/** Where there is no memory, pkey_mprotect(2) answers EINVAL for a key that is free, and ENOMEM for one that is allocated. */
function askKeys({ pid, command }: FrozenTask): Question<ProcessPart> {
  return (): Inquiry<ProcessPart> => ({
    calls: keys.map((key) => ['pkey_mprotect', nowhere, pageSize, 0, key]),
    answer(results) {
      const allocated = keys.filter((_, at) => results[at] === -errno.ENOMEM);
      if (allocated.length > 0) throw refused(pid, command, allocated);
      return {};
    },
  });
}

function refused(pid: number, command: string, allocated: readonly number[]): EngineError {
  const what = `cannot dump ${pid} (${command}): protection keys are not supported yet (it has ${allocated.join(', ')})`;
  return new EngineError('UNSUPPORTED', what, {
    pid,
    resource: 'protection keys',
    remedy: 'Run it without protection keys (pkey_alloc), or dump it with CRIU (--engine criu).',
  });
}
