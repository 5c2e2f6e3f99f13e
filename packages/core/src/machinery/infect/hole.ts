import type { Vma } from '@criujs/linux';
import { pageSize } from '../../facts/memory.ts';

/** Programs' addresses end here, and where the first may be without a privilege. Documentation/arch/x86/x86_64/mm.rst, proc_sys_vm(5). */
const userSpace = { start: 0x1_0000, end: 0x7fff_ffff_f000 } as const;

/**
 * The middle of the largest gap between maps: far from where the kernel places what comes next, and from what grows (heap and
 * stack). null: no gap is that large.
 */
export function findHole(maps: readonly Pick<Vma, 'start' | 'end'>[], size: number): number | null {
  let from: number = userSpace.start;
  let largest = { start: 0, length: 0 };
  for (const { start, end } of [...maps, { start: userSpace.end, end: userSpace.end }]) {
    const length = Math.min(start, userSpace.end) - from;
    if (length > largest.length) largest = { start: from, length };
    from = Math.max(from, end);
  }
  if (largest.length < size) return null;
  const middle = largest.start + (largest.length - size) / 2;
  return middle - (middle % pageSize);
}
