import type { Problem, SeenFile, Tree } from './held.ts';
import { waitingBytes } from './pipe-content.ts';

/** Why what has events of files to read cannot be dumped; null: it has none. `what` is it in words. */
export function eventsWait(file: SeenFile, tree: Tree, what: string): Problem | null {
  const bytes = tree.borrow(file, waitingBytes);
  if (bytes === 0) return null;
  return {
    file: what,
    why: `${bytes} bytes of events wait in it, and to read them is to take them away`,
    remedy: 'Dump when the program has read them.',
    passes: true,
  };
}
