import { readChildren, readStatus, readThreads } from '@criujs/linux';

/** Every process of a restored tree: the pid it had, which is the one in its own pid namespace, to the pid it has here. */
export function pidsOf(root: number): (readonly [old: number, now: number])[] {
  const { nsPid } = readStatus(root);
  const children = readThreads(root).length === 0 ? [] : readChildren(root);
  return [[nsPid.at(-1) ?? root, root], ...children.flatMap(pidsOf)];
}

/** Ends restored processes, children first. */
export function killRestored(pids: readonly number[]): void {
  for (const pid of [...pids].reverse()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}
