import { readFileSync } from 'node:fs';
import { adviseHuge, adviseNoHuge, hugePageSize } from '../../facts/memory.ts';
import { placeOf } from '../../kinds/traits/place.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { overlaps } from '../../memory/ranges.ts';
import { isInOrder } from '../../pages/chunks.ts';
import type { PagePlace } from '../../pages/task-memory.ts';
import type { MapPlan } from './layout.ts';

// Images do not say which pages were huge (transparent huge pages). Memory that has the advice for them, or a kernel that makes
// them everywhere, gets them while it is filled, or the program would run on small pages until khugepaged comes by.

/** When the kernel makes huge pages. Documentation/admin-guide/mm/transhuge.rst. */
export type HugePagePolicy = 'always' | 'madvise' | 'never';

/** Memory may grow by this part of what is filled, where a huge page is not filled to its ends. */
const mostGrowth = 1 / 8;

/** What this kernel does. */
export function hugePagePolicy(): HugePagePolicy {
  try {
    const text = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'latin1');
    return /\[always\]/.test(text) ? 'always' : /\[madvise\]/.test(text) ? 'madvise' : 'never';
  } catch {
    // A kernel without them, or no sysfs.
    return 'never';
  }
}

/**
 * Maps that get huge pages when they are filled.
 * @param maps private memory without a file
 */
export function hugeMaps(
  maps: readonly MapPlan[],
  fills: readonly PagePlace[],
  policy: HugePagePolicy,
): ReadonlySet<MapPlan> {
  const may = maps.filter((map) => map.end - map.start >= hugePageSize && mayBeHuge(map, policy));
  if (may.length === 0 || !isInOrder(fills)) return new Set();
  const grown = new Map<MapPlan, { filled: number; huge: number; last: number }>();
  const ranges = fills.map(({ start, length }) => ({ start, end: start + length }));
  for (const { start, end, other: map } of overlaps(ranges, may)) {
    const sum = grown.get(map) ?? { filled: 0, huge: 0, last: -1 };
    const first = Math.max(Math.floor(start / hugePageSize), sum.last + 1);
    const last = Math.floor((end - 1) / hugePageSize);
    sum.filled += end - start;
    sum.huge += (last - first + 1) * hugePageSize;
    sum.last = last;
    grown.set(map, sum);
  }
  return new Set([...grown].filter(([, { filled, huge }]) => huge <= filled * (1 + mostGrowth)).map(([map]) => map));
}

function mayBeHuge({ entry }: MapPlan, policy: HugePagePolicy): boolean {
  if (policy === 'always') return !isAdvised(entry.madv, adviseNoHuge);
  return policy === 'madvise' && isAdvised(entry.madv, adviseHuge);
}

function isAdvised(madv: bigint | undefined, advice: number): boolean {
  return ((madv ?? 0n) & (1n << BigInt(advice))) !== 0n;
}

/** Advice that counts while maps are filled. It is given again with all other advice, which says what fails. */
export function hugePageCalls(
  maps: readonly MapPlan[],
  huge: ReadonlySet<MapPlan>,
  policy: HugePagePolicy,
): TaskCall[] {
  return maps.flatMap((map): TaskCall[] => {
    const { start, end, entry } = map;
    const call = (advice: number): TaskCall[] => [
      {
        name: 'madvise',
        args: [start, end - start, advice],
        optional: 'unsaid',
        what: `advise on huge pages in ${placeOf(map)}`,
      },
    ];
    if (policy === 'madvise' && huge.has(map)) return call(adviseHuge);
    return policy === 'always' && isAdvised(entry.madv, adviseNoHuge) ? call(adviseNoHuge) : [];
  });
}
