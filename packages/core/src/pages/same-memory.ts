import { arena, readMemory } from '@criujs/linux';
import { minus } from '../memory/ranges.ts';
import { sharedPages } from './shared-memory.ts';
import type { PageRun, PageSource } from './source.ts';

/** How much is compared at once, in bytes. */
const chunk = 1 << 20;

/** Shared memory in a task that is being built: all of it, in one map. */
export interface MappedObject {
  readonly pid: number;
  readonly start: number;
  /** In bytes: a multiple of the size of a page. */
  readonly size: number;
}

/**
 * Whether memory that is there already holds what an image says, and zeros elsewhere. Nothing of it is changed.
 * @param content its runs in bytes from the beginning of the memory, in order; null: it holds nothing
 * @param check called before each piece; what it throws ends the comparison
 */
export function isSame(memory: MappedObject, content: PageSource | null, check: () => void): boolean {
  const runs = content?.runs ?? [];
  const others = minus(usedPages(memory, check), runs);
  return others.every((run) => isZero(memory, run, check)) && (content === null || holds(memory, content, check));
}

/** Where it has pages: a page that is not there is not made by looking at it. */
function usedPages({ pid, start, size }: MappedObject, check: () => void): readonly PageRun[] {
  const source = sharedPages([{ pid, vma: { start, end: start + size, offset: 0 } }], size, check);
  source.close();
  return source.runs;
}

function isZero({ pid, start }: MappedObject, run: Pick<PageRun, 'start' | 'end'>, check: () => void): boolean {
  const zeros = Buffer.alloc(chunk);
  for (let at = run.start; at < run.end; at += chunk) {
    check();
    const length = Math.min(chunk, run.end - at);
    if (!readMemory(pid, start + at, length).equals(zeros.subarray(0, length))) return false;
  }
  return true;
}

function holds({ pid, start }: MappedObject, content: PageSource, check: () => void): boolean {
  return arena.scope(() => {
    const block = arena.alloc(chunk);
    for (const run of content.runs) {
      for (let at = run.start; at < run.end; ) {
        check();
        const got = content.read(block.address, Math.min(chunk, run.end - at));
        if (!readMemory(pid, start + at, got).equals(block.bytes.subarray(0, got))) return false;
        at += got;
      }
    }
    return true;
  });
}
