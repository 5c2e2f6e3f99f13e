import { EngineError } from '@criujs/engine-kit';
import { readStat, readStatus, type Waiting } from '@criujs/linux';
import type { Session } from '../../run/session.ts';

/** Milliseconds after which a wait is reported, and reported again. */
const noticeMs: readonly number[] = [2000, 5000, 30_000, 120_000];

/** How long a run waits for a thread. */
export interface WaitRules {
  /** Milliseconds that a wait may last before an abort ends it. */
  readonly abortAfterMs: number;
  /** The same for a thread that runs: on a busy machine it may be waiting for a processor. */
  readonly abortRunningAfterMs: number;
  /** Milliseconds until a wait is given up with `TARGET_STUCK`. */
  readonly giveUpAfterMs: number;
}

/**
 * A dump's waits. An abort gives a thread that runs calls of ours the time to finish them, which takes microseconds: only one
 * that
 * is stuck in the kernel takes longer.
 */
export const dumpWaits: WaitRules = { abortAfterMs: 30, abortRunningAfterMs: 1000, giveUpAfterMs: 10_000 };

/** A restore's waits: what is being made is ended anyhow, and its calls may take as long as the disk does. */
export const restoreWaits: WaitRules = {
  abortAfterMs: 0,
  abortRunningAfterMs: 0,
  giveUpAfterMs: Number.POSITIVE_INFINITY,
};

/**
 * Supervises all waits of a run for threads: reacts to an abort, and reports long waits.
 *
 * @throws EngineError ABORTED, TARGET_STUCK, out of the wait
 */
export function watchWaits(session: Pick<Session, 'checkAborted' | 'notice'>, rules: WaitRules): Waiting {
  let told = 0;
  return (tid, ms) => {
    if (ms >= rules.abortRunningAfterMs || (ms >= rules.abortAfterMs && !willStop(tid))) session.checkAborted();
    const due = noticeMs[told];
    if (ms < (noticeMs[0] as number)) told = 0;
    else if (due !== undefined && ms >= due) {
      told++;
      session.notice(`waiting for ${describeThread(tid)}`);
    }
    if (ms >= rules.giveUpAfterMs) throw stuck(tid, ms);
  };
}

/** Whether a thread runs, or has just stopped: then its stop will be seen soon. */
function willStop(tid: number): boolean {
  try {
    return /[Rt]/.test(readStat(tid).state);
  } catch {
    return false;
  }
}

/** A thread in words: its process, its name, and what the kernel says of its state. proc_pid_stat(5), proc_pid_wchan(5). */
export function describeThread(tid: number): string {
  try {
    const { comm, state } = readStat(tid);
    const { tgid } = readStatus(tid);
    const who = tgid === tid ? `process ${tid} (${comm})` : `thread ${tid} (${comm}) of ${tgid}`;
    return `${who}, ${states[state] ?? `state ${state}`}`;
  } catch {
    return `thread ${tid}, which has ended`;
  }
}

/** Letters of a state, in words. proc_pid_stat(5). */
const states: Readonly<Record<string, string>> = {
  R: 'which runs (state R)',
  S: 'which sleeps (state S)',
  D: 'which the kernel does not release (state D)',
  T: 'which is stopped (state T)',
  t: 'which is stopped by a tracer (state t)',
  Z: 'which has ended and is not reaped (state Z)',
};

function stuck(tid: number, ms: number): EngineError {
  const message = `${describeThread(tid)}, has not stopped for ${Math.round(ms / 1000)} seconds`;
  return new EngineError('TARGET_STUCK', message, {
    pid: tid,
    remedy:
      'Try again once its system call has ended: it waits for a device, a network file system, or a child of vfork().',
  });
}
