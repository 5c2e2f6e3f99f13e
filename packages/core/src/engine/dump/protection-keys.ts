import { lastProtectionKey, type MemoryArea, type MemoryRecord } from '@criujs/engine-kit';
import { errno } from '@criujs/linux';
import { pageSize } from '../../facts/memory.ts';
import type { Question } from '../../kinds/processes/kind.ts';

const keys = Array.from({ length: lastProtectionKey }, (_, at) => at + 1);
/** Where no process can have memory: the last page below 2^56, with five levels of page tables, too. Documentation/arch/x86/x86_64/mm.rst */
const nowhere = 2n ** 56n - BigInt(pageSize);

/**
 * Asks a process which protection keys it has allocated: where there is no memory, pkey_mprotect(2) answers EINVAL for one that is free
 * or the kernel's, and ENOMEM for one that is allocated.
 */
export function askKeys(): Question<Pick<MemoryRecord, 'keys'>> {
  return () => ({
    calls: keys.map((key) => ['pkey_mprotect', nowhere, pageSize, 0, key]),
    answer: (results) => ({ keys: keys.filter((_, at) => results[at] === -errno.ENOMEM) }),
  });
}

/**
 * What the records say of keys. Memory that may only be executed has one that the kernel took, and takes again: the lowest free one, so
 * that it matters only beside others. pkeys(7)
 */
export function keysOf(
  allocated: MemoryRecord['keys'],
  areas: readonly MemoryArea[],
): Pick<MemoryRecord, 'keys' | 'executeOnlyKey' | 'areas'> {
  const ofKernel = areas.filter(({ key }) => key !== null && !allocated.includes(key));
  return {
    keys: allocated,
    executeOnlyKey: allocated.length === 0 ? null : (ofKernel[0]?.key ?? null),
    areas: areas.filter((area) => !ofKernel.includes(area)),
  };
}
