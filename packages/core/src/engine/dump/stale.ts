import { blob, readMemory, type Vma } from '@criujs/linux';
import { infectionSize } from './infect.ts';

/**
 * Whether a map is what an engine that was killed in the middle left behind: pages of ours, one after the other. They are
 * no part of the program; the next dump takes them out.
 */
export function isStale(pid: number, vma: Vma): boolean {
  if (!vma.read || !vma.write || !vma.execute || vma.shared || vma.name !== '' || vma.inode !== 0) return false;
  if ((vma.end - vma.start) % infectionSize !== 0) return false;
  const chunks = [];
  for (let at = vma.start; at < vma.end; at += infectionSize) chunks.push(readMemory(pid, at, blob.code.length));
  // The engine may have died between the two: a page of ours that has no code in it yet lies beside one that has.
  return chunks.some(isCode) && chunks.every((chunk) => isCode(chunk) || chunk.every((byte) => byte === 0));
}

function isCode(bytes: Buffer): boolean {
  return bytes.equals(Buffer.from(blob.code));
}
