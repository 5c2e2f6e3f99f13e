import type { VmaEntry } from '@criujs/images';
import { hugeSize, mapFlag, vmaStatus } from '../../facts/memory.ts';
import { hugePagesOf } from '../files/memfd-inode.ts';
import { among, hold, type Rule } from '../rules.ts';
import { keptFlags } from './flags.ts';
import type { MapKind } from './kind.ts';
import { mapPrivate } from './map-call.ts';

/** How the kernel calls anonymous memory with huge pages: it is a file of its own. proc_pid_maps(5) */
const prefix = '/anon_hugepage';

/** Private anonymous memory with huge pages. */
export const hugePages: MapKind = {
  name: 'private memory with huge pages',
  describe: [
    { subject: 'memory', taken: ['huge pages (`MAP_HUGETLB`), where enough are free at the restore'] },
    { subject: 'memory', refused: ['shared huge pages without a file'] },
  ],
  recognise(vma, file) {
    if (!vma.name.startsWith(prefix)) return null;
    if (vma.shared)
      return { why: 'shared huge pages are not supported yet', remedy: 'Use a memfd with huge pages (MFD_HUGETLB).' };
    const found = file();
    return 'why' in found ? found : 'mine';
  },
  save(vma, { file }) {
    const found = file();
    const size = 'why' in found ? 0 : Math.log2(hugePagesOf(found) ?? 1);
    return {
      fields: {
        flags: mapFlag.private | mapFlag.anonymous | mapFlag.hugePages | (size << hugeSize.shift) | keptFlags(vma),
        status: vmaStatus.regular | vmaStatus.anonymousPrivate,
      },
      pages: 'used',
    };
  },
  matches: isHuge,
  check: (entry, file) => hold(entry, `${file}, map ${entry.start.toString(16)}`, rules),
  make: mapPrivate,
};

const sizeOf = ({ flags }: VmaEntry): number => 2 ** ((flags >>> hugeSize.shift) & hugeSize.mask);

/** The two sizes that x86-64 has. */
const sizes = [2 ** 21, 2 ** 30];

const rules: readonly Rule<VmaEntry>[] = [
  among('the size of huge pages', sizeOf, sizes),
  {
    what: 'the place of huge pages',
    value: ({ start, end }) => `${start.toString(16)}-${end.toString(16)}`,
    fits: (entry) => [entry.start, entry.end].every((at) => at % BigInt(sizeOf(entry)) === 0n),
    expected: 'a multiple of their size',
  },
];

function isHuge({ flags, status }: VmaEntry): boolean {
  return (status & vmaStatus.anonymousPrivate) !== 0 && (flags & mapFlag.hugePages) !== 0;
}
