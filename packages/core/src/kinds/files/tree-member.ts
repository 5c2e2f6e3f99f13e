import { readStat, unlessGone } from '@criujs/linux';
import type { Tree } from './held.ts';

/** Whether a process of the tree has this pid; one that has ended and is not waited for yet belongs to its parent's. */
export function isProcessOf(pid: number, tree: Tree): boolean {
  for (let at = pid; at > 1; at = unlessGone(() => readStat(at).ppid, 0)) if (tree.pids.includes(at)) return true;
  return false;
}
