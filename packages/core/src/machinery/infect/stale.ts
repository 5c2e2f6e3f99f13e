import { blob, LinuxError, readMemory, type Vma } from '@criujs/linux';
import { room } from './room.ts';

/** Bytes of the pages that earlier engines used, which could be written and executed at once. */
const oldSize = 1 << 18;

/**
 * The maps that a killed engine left behind. They are not part of the program; the next dump removes them.
 */
export function staleMaps(pid: number, maps: readonly Vma[]): ReadonlySet<Vma> {
  const stale = maps.filter((vma) => isOld(pid, vma));
  maps.forEach((code, at) => {
    if (!isCodePage(pid, code)) return;
    stale.push(code);
    const data = maps[at + 1];
    if (data !== undefined && isDataOf(code, data)) stale.push(data);
  });
  return new Set(stale);
}

/** Between the two calls that map them there is only the first, and our code may not be in it yet: nobody could tell it. */
function isCodePage(pid: number, vma: Vma): boolean {
  const { start, end } = vma;
  if (!isAnonymous(vma) || !vma.read || vma.write || !vma.execute || end - start !== room.codeSize) return false;
  return isCode(tryRead(pid, start));
}

function isDataOf(code: Vma, vma: Vma): boolean {
  const fits = vma.start === code.end && vma.end - vma.start === room.writableSize;
  return fits && isAnonymous(vma) && vma.read && vma.write && !vma.execute;
}

/** Pages of that kind, one after the other. */
function isOld(pid: number, vma: Vma): boolean {
  if (!isAnonymous(vma) || !vma.read || !vma.write || !vma.execute) return false;
  if ((vma.end - vma.start) % oldSize !== 0) return false;
  const chunks: (Buffer | null)[] = [];
  for (let at = vma.start; at < vma.end; at += oldSize) chunks.push(tryRead(pid, at));
  // The engine may have died between the two: a page of ours that has no code in it yet lies beside one that has.
  return chunks.some(isCode) && chunks.every((chunk) => isCode(chunk) || chunk?.every((byte) => byte === 0));
}

/** What nobody may read is none of ours. */
function tryRead(pid: number, address: number): Buffer | null {
  try {
    return readMemory(pid, address, blob.code.length);
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'EFAULT') return null;
    throw error;
  }
}

function isAnonymous({ shared, name, inode }: Vma): boolean {
  return !shared && name === '' && inode === 0;
}

function isCode(bytes: Buffer | null): boolean {
  return bytes?.equals(Buffer.from(blob.code)) ?? false;
}
