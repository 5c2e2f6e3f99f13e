import { readSync } from 'node:fs';
import { closeFd, memfd } from './descriptors/own.ts';
import { errandDescriptor, errandImage, type GuardCall } from './processor/processor.ts';
import { waitFor } from './ptrace/wait.ts';
import { spawnImage } from './spawn.ts';

/** The first number at which an errand has descriptors of ours. */
export const firstErrandDescriptor: number = errandDescriptor + 1;

/**
 * Makes calls in a small process of their own, one after the other whatever they answer: once it has started it gets through with
 * them even if this process is killed. It blocks every signal and lives in a session of its own.
 * @param inherit descriptors of ours: it has them from {@link firstErrandDescriptor} on, in this order
 * @returns what each answered, or the negated error number; bytes among the arguments are what the calls have made of them. null:
 * somebody has killed it before it was through.
 * @throws LinuxError when it cannot be started; then no call was made
 */
export function runErrand(calls: readonly GuardCall[], inherit: readonly number[]): number[] | null {
  const { image, length, read } = errandImage(calls);
  const memory = memfd('criujs-errand', new Uint8Array());
  try {
    const pid = spawnImage(image, {
      newSession: true,
      inherit: [memory, ...inherit].map((fd, at) => ({ fd, as: errandDescriptor + at })),
    });
    reap(pid);
    const answer = Buffer.alloc(length);
    let done = 0;
    for (let more = 1; more > 0 && done < length; done += more)
      more = readSync(memory, answer, done, length - done, done);
    return done < length ? null : read(answer);
  } finally {
    closeFd(memory);
  }
}

function reap(pid: number): void {
  try {
    waitFor(pid);
  } catch {
    // Somebody has reaped it: it has ended.
  }
}
