import { type CoreEntry, isFieldSet, ThreadCoreEntrySchema } from '@criujs/images';
import { LinuxError, ptraceOption, type Tracee, waitPatiently } from '@criujs/linux';
import { everySignal } from '../../facts/tasks.ts';
import { registersOf, xstateOf } from '../../kinds/threads/registers-image.ts';
import { isOwnChild } from '../../machinery/freeze/child-signals.ts';
import { own } from '../../machinery/make/clone.ts';
import type { BuiltThread, Workshop } from '../../machinery/make/helper.ts';
import { blaming } from '../blame.ts';
import type { TaskImage } from './read.ts';
import { waitAgain } from './waits.ts';

/** Unmaps the engine's memory from a process and gives every thread its registers and mask. Its threads stay stopped. */
export function putTogether(image: TaskImage, threads: readonly BuiltThread[], workshop: Workshop): void {
  const last = threads.at(-1);
  if (last === undefined) return;
  for (const { tracee } of threads) tracee.setSignalMask(everySignal);
  // From here no call can be made in this process: the code for it is gone.
  own(last, workshop, 'munmap', [workshop.start, workshop.end - workshop.start]);
  threads.forEach(({ tracee, tid, pid }, at) => {
    workshop.waiting(tid, 0);
    const core = image.cores[at] as CoreEntry;
    const { threadInfo } = core;
    if (threadInfo === undefined) return;
    const file = `core-${image.threads[at]}.img`;
    blaming(file, () => {
      tracee.setXstate(xstateOf(threadInfo, file));
      const registers = registersOf(threadInfo, file);
      tracee.setRegisters(registers);
      waitAgain({ tracee, pid, mask: maskOf(core) }, registers, threadInfo, file);
    });
    tracee.setSignalMask(maskOf(core));
  });
}

/** Images of old releases have the mask of the main thread with the process only. */
function maskOf({ threadCore, tc }: CoreEntry): bigint {
  if (threadCore !== undefined && isFieldSet(threadCore, ThreadCoreEntrySchema.field.blkSigset))
    return threadCore.blkSigset;
  return tc?.blkSigset ?? 0n;
}

/**
 * Lets all processes go. One that was stopped by a signal stops again before its first instruction. First all are freed
 * from dying with the engine, so that a death of it between two of them leaves either none or all.
 *
 * @param release called in between: from here on the tree lives whatever happens, and does not run yet
 */
export function letGo(
  built: readonly { readonly image: TaskImage; readonly threads: readonly BuiltThread[] }[],
  release: () => void,
): void {
  for (const { threads } of built) for (const { tracee } of threads) tracee.setOptions(ptraceOption.TRACESYSGOOD);
  release();
  for (const { image, threads } of built) {
    if (image.state === 'stopped' && threads[0] !== undefined)
      process.kill(threads[0].pid, image.cores[0]?.tc?.stopSigno || 'SIGSTOP');
    const ended = threads.filter(({ tracee }) => !detach(tracee));
    // The main thread last: it is not gone before all others are.
    for (const thread of ended.reverse()) reap(thread);
  }
}

/** Whether it was there to be let go: the first instructions of a thread that runs already may end the whole process. */
function detach(tracee: Tracee): boolean {
  try {
    tracee.detach();
    return true;
  } catch (error) {
    if (!(error instanceof LinuxError) || error.code !== 'ESRCH') throw error;
    return false;
  }
}

/** Milliseconds that a thread gets to end once its process does. */
const endMs = 1000;

/**
 * Takes note of an end. What ends while it is traced waits for its tracer, and its process with it: the engine's thread may live on.
 * ptrace(2), "Death under ptrace"
 */
function reap({ tid, pid }: BuiltThread): void {
  try {
    // How a child of this process has ended is for whoever waits for it.
    if (tid === pid && isOwnChild(pid)) return;
    waitPatiently(tid, (_, ms) => {
      if (ms > endMs) throw new Error('it does not end');
    });
  } catch {
    // It is gone already, or the end of the engine's thread lets it go.
  }
}
