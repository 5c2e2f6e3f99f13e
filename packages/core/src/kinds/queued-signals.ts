import type { MessageInitShape, SiginfoEntry, SiginfoEntrySchema } from '@criujs/images';
import { lastSignal } from '../facts/tasks.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import { invalid } from './rules.ts';

// Signals that wait until they are let through: of a whole process, or of one thread.

/** A `siginfo_t`. sigaction(2). */
const siginfoSize = 128;

/** Pending signals as an image keeps them. */
export function queueEntry(signals: readonly Uint8Array[]): {
  signals: MessageInitShape<typeof SiginfoEntrySchema>[];
} {
  return { signals: signals.map((siginfo) => ({ siginfo: new Uint8Array(siginfo) })) };
}

/** Checks pending signals. @throws EngineError IMAGE_INVALID */
export function checkQueue(signals: readonly SiginfoEntry[], file: string): void {
  for (const { siginfo } of signals) {
    const signal = siginfo.length === siginfoSize ? numberOf(siginfo) : 0;
    if (signal < 1 || signal > lastSignal) throw invalid(file, `a pending signal ${signal} in ${siginfo.length} bytes`);
  }
}

/** `si_signo`. sigaction(2). */
function numberOf(siginfo: Uint8Array): number {
  return new DataView(siginfo.buffer, siginfo.byteOffset, siginfo.byteLength).getInt32(0, true);
}

/** Calls that make signals pending again. The task must send them itself: only so the kernel takes any `si_code`. */
export function queueCalls(signals: readonly SiginfoEntry[], to: { pid: number; tid?: number }): TaskCall[] {
  return signals.map(({ siginfo }) => {
    const signal = numberOf(siginfo);
    const what = `make signal ${signal} pending`;
    return to.tid === undefined
      ? { name: 'rt_sigqueueinfo', args: [to.pid, signal, siginfo], what }
      : { name: 'rt_tgsigqueueinfo', args: [to.pid, to.tid, signal, siginfo], what };
  });
}
