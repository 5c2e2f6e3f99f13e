import { blob, readMemory, type Vma } from '@criujs/linux';
import { infectionSize } from './infect.ts';

/**
 * Whether a map is what an engine that was killed in the middle left behind: pages of ours, one after the other. They are
 * no part of the program; the next dump takes them out.
 */
export function isStale(pid: number, vma: Vma): boolean {
  if (!vma.read || !vma.write || !vma.execute || vma.shared || vma.name !== '' || vma.inode !== 0) return false;
  if ((vma.end - vma.start) % infectionSize !== 0) return false;
  const code = Buffer.from(blob.code);
  for (let at = vma.start; at < vma.end; at += infectionSize) {
    if (!readMemory(pid, at, code.length).equals(code)) return false;
  }
  return true;
}
