import { writeSync } from 'node:fs';
import { type GuardCall, ptraceOption, signals, trySyscall } from '@criujs/linux';
import type { FrozenTask, FrozenTree } from '../freeze/freeze.ts';

/** Where the guard is told: how far the engine has come, and to begin. */
export interface GuardPipes {
  readonly arm: number;
  readonly order: number;
}

const byte = new Uint8Array([1]);

/**
 * Orders the guard to commit and to end the tree. Whenever the engine dies meanwhile, either nothing has been committed and the tree runs
 * on, or the guard commits and nobody of the tree has run on: that would be there twice.
 *
 * Each thread gets a SIGSTOP first, which it meets when its tracer is gone; as long as it is traced nobody sees it. Up to the second
 * byte in `arm` the guard of a dead engine takes those back, after it the guard commits. PTRACE_O_EXITKILL, which cannot be had for
 * all processes at once, spares their parents the news that they stopped.
 * @throws NodeJS.ErrnoException EPIPE where the guard is gone
 */
export function orderGuard({ arm, order }: GuardPipes, tree: FrozenTree): void {
  // Once without effect, so that the real ones come without a moment's compiling or loading.
  tie(tree, 0);
  writeSync(arm, byte);
  for (const { pid, threads } of running(tree))
    for (const { tid } of threads) trySyscall('tgkill', pid, tid, signals.SIGSTOP);
  writeSync(arm, byte);
  tie(tree, ptraceOption.EXITKILL);
  writeSync(order, byte);
}

/** What the guard does when the engine has died before the second byte. */
export function letRun(tree: FrozenTree, pidfdOf: (task: FrozenTask) => number): GuardCall[] {
  return running(tree).map((task) => ['pidfd_send_signal', pidfdOf(task), signals.SIGCONT, 0, 0]);
}

/** Unties a tree that the guard did not end. Who handles SIGCONT sees one. */
export function untie(tree: FrozenTree): void {
  tie(tree, 0);
  for (const { pidfd } of running(tree)) trySyscall('pidfd_send_signal', pidfd, signals.SIGCONT, 0, 0);
}

/** Those that would run on: not who is stopped anyway. */
function running({ tasks }: FrozenTree): FrozenTask[] {
  return tasks.filter(({ state }) => state === 'alive');
}

function tie({ tasks }: FrozenTree, option: number): void {
  for (const { threads } of tasks) {
    try {
      threads[0]?.tracee.setOptions(ptraceOption.TRACESYSGOOD | option);
    } catch {
      // Somebody has killed it: it needs no tie any more, and nothing may stop us before the order.
    }
  }
}
