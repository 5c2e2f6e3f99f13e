import { deviceNumber, type Vma } from '@criujs/linux';
import type { Problem } from './kind.ts';
import type { Description } from './same.ts';

/** Why a map of a device cannot be dumped when {@link findMapped} finds nothing. */
export const nothingBehind = {
  why: 'no plugin takes it, and no external file that a plugin took is behind it',
  remedy:
    'Load a plugin with the hooks HANDLE_DEVICE_VMA and UPDATE_VMA_MAP for this device; or one that dumps its open files, and keep one descriptor of it open while it is mapped.',
} as const;

/**
 * The external file that a memory map was made from: the process's own if it still has a descriptor, else one of the tree's.
 * The kernel does not say which open file a map holds, only its inode: where several have it nobody can tell. null: none.
 */
export function findMapped(pid: number, vma: Vma, externals: readonly Description[]): number | Problem | null {
  const candidates = externals.filter((external) => isMappedFrom(vma, external));
  const own = candidates.filter((external) => external.holders.some((holder) => holder.pid === pid));
  const [first, second] = own.length > 0 ? own : candidates;
  if (first === undefined) return null;
  if (second === undefined) return first.id;
  return {
    file: `memory at 0x${vma.start.toString(16)} of ${vma.name}`,
    why: 'the process has that file open several times, and the kernel does not say which one is mapped',
    remedy: 'Let the program close what it does not need, or unmap that memory before the dump.',
  };
}

function isMappedFrom(vma: Vma, { seen }: Description): boolean {
  const { major, minor } = deviceNumber(seen.stat.dev);
  const link = vma.deleted ? `${vma.name} (deleted)` : vma.name;
  return link === seen.link && BigInt(vma.inode) === seen.stat.ino && vma.major === major && vma.minor === minor;
}
