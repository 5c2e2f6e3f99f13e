import { readChildren, unlessGone } from '@criujs/linux';

/** The pids of a tree that may run meanwhile, parents first. What ends is left out, and so is a root that has ended. */
export function pidsBelow(root: number): number[] {
  const pids: number[] = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    const children = unlessGone(() => readChildren(pid as number), null);
    if (children === null) continue;
    pids.push(pid);
    queue.push(...children);
  }
  return pids;
}
