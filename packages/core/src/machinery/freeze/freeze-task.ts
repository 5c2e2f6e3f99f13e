import { EngineError } from '@criujs/engine-kit';
import { targetDied } from '@criujs/engine-kit/targets';
import {
  closeFd,
  pidfdOpen,
  type Registers,
  readAhead,
  readStat,
  readStatus,
  readThreads,
  signals,
  type Tracee,
  unlessGone,
} from '@criujs/linux';
import { seccompMode } from '../../facts/seccomp.ts';
import { interruptedCall } from '../calls/interrupted.ts';
import type { FrozenTask, FrozenThread } from './freeze.ts';
import type { Hold } from './hold.ts';
import { suspendSeccomp } from './suspend.ts';

/** A thread that does not stop. */
export interface Stuck {
  readonly stuck: number;
  readonly pid: number;
}

/**
 * Stops all threads of a process. null: it is no longer part of the tree.
 *
 * @param ppid its parent, which is stopped; 0 for the root
 * @throws EngineError NOT_PERMITTED, TARGET_DIED, UNSUPPORTED
 */
export function freezeTask(pid: number, ppid: number, hold: Hold): FrozenTask | Stuck | null {
  const pidfd = unlessGone(() => pidfdOpen(pid), null);
  const found = pidfd === null ? null : closedUnless(pidfd, () => standingTask(pid, ppid, pidfd, hold));
  if (found === null && ppid === 0) throw targetDied(pid);
  return found;
}

/** The descriptor stays open only for a stopped task. */
function closedUnless(pidfd: number, freeze: () => FrozenTask | Stuck | null): FrozenTask | Stuck | null {
  let found: FrozenTask | Stuck | null = null;
  try {
    found = freeze();
    return found;
  } finally {
    if (found === null || 'stuck' in found) closeFd(pidfd);
  }
}

function standingTask(pid: number, ppid: number, pidfd: number, hold: Hold): FrozenTask | Stuck | null {
  // A pid that was reused meanwhile is not a child of a stopped parent.
  if (ppid !== 0 && unlessGone(() => readStat(pid).ppid, 0) !== ppid) return null;
  const stopped = new Map<number, number>();
  for (;;) {
    const fresh = unlessGone(() => readThreads(pid), []).filter((tid) => !stopped.has(tid));
    const taken = ofProgram(pid, fresh).filter((tid) => hold.take(tid, pid));
    for (const tid of taken) {
      const standing = hold.still(tid);
      if (standing === 'stuck') return { stuck: tid, pid };
      if (standing !== 'ended') stopped.set(tid, standing.signal);
    }
    // Those that ran meanwhile may have begun others.
    if (taken.length > 0) continue;
    if (stopped.size === 0) return zombie(pid, ppid, pidfd);
    const found = describeTask(pid, stopped, hold);
    if (found !== null) return { ...found, ppid, pidfd };
  }
}

/** PF_IO_WORKER: a thread of the kernel's that works for a ring of io_uring, and shows among those of its process. linux/sched.h */
const kernelsWorker = 0x10;

/**
 * Those of some threads that run something of the program's. The others can be traced, and never stop: a ring that is made anew makes
 * them when it needs them.
 */
function ofProgram(pid: number, tids: readonly number[]): readonly number[] {
  const others = tids.filter((tid) => tid !== pid);
  if (others.length === 0) return tids;
  return readAhead({ texts: others.map((tid) => `/proc/${pid}/task/${tid}/stat`) }, () =>
    tids.filter((tid) => tid === pid || unlessGone(() => (readStat(pid, tid).flags & kernelsWorker) === 0, false)),
  );
}

/** null: one of its threads was killed meanwhile, or another one has begun another program, which ended it. */
function describeTask(
  pid: number,
  stopped: Map<number, number>,
  hold: Hold,
): Omit<FrozenTask, 'ppid' | 'pidfd'> | null {
  const tids = [...stopped.keys()];
  const texts = [`${pid}`, ...tids.map((tid) => `${pid}/task/${tid}`)].flatMap((folder) => [
    `/proc/${folder}/stat`,
    `/proc/${folder}/status`,
  ]);
  const { stat, status, threads } = readAhead({ texts }, () => ({
    threads: tids.flatMap((tid): FrozenThread[] => {
      const thread = hold.read(tid, (tracee) => describeThread(pid, tracee));
      if (thread !== null) return [thread];
      if (stopped.delete(tid)) hold.forget(tid);
      return [];
    }),
    stat: unlessGone(() => readStat(pid), null),
    status: unlessGone(() => readStatus(pid), null),
  }));
  if (threads.length < tids.length || stat === null || status === null) return null;
  const signal = stopped.get(pid);
  if (signal === undefined) throw leaderless(pid);
  const stopSignal = signal === signals.SIGTRAP ? 0 : signal;
  return {
    pid,
    command: stat.comm,
    stat,
    status,
    state: stopSignal === 0 ? 'alive' : 'stopped',
    stopSignal,
    threads: threads.sort((a, b) => Number(b.tid === pid) - Number(a.tid === pid) || a.tid - b.tid),
  };
}

function describeThread(pid: number, tracee: Tracee): FrozenThread {
  const { tid } = tracee;
  const mask = tracee.signalMask();
  const status = readStatus(pid, tid);
  // Where that is not allowed the dump is refused.
  if (status.seccomp !== seccompMode.disabled) suspendSeccomp(tracee);
  return {
    tid,
    tracee,
    stat: readStat(pid, tid),
    status,
    registers: madeAgain(pid, tracee, mask),
    mask,
    xstate: tracee.xstate(),
  };
}

/**
 * Some calls return EINTR when a thread only stops. The program is not to see that: so they are made again, whoever lets the thread go.
 */
function madeAgain(pid: number, tracee: Tracee, mask: bigint): Registers {
  const registers = tracee.registers();
  const again = interruptedCall({ pid, tracee, mask }, registers)?.again;
  if (again === undefined) return registers;
  tracee.setRegisters(again);
  return again;
}

/** What has ended before it stood still: a zombie now, or gone where its parent wants none. The root is the target itself. */
function zombie(pid: number, ppid: number, pidfd: number): FrozenTask | null {
  if (ppid === 0) return null;
  const stat = unlessGone(() => readStat(pid), null);
  const status = unlessGone(() => readStatus(pid), null);
  if (stat === null || status === null) return null;
  return { pid, ppid, command: stat.comm, stat, status, pidfd, state: 'zombie', stopSignal: 0, threads: [] };
}

function leaderless(pid: number): EngineError {
  return new EngineError('UNSUPPORTED', `cannot dump ${pid}: its main thread has ended while other threads run on`, {
    pid,
    remedy: 'Dump the program before its main thread calls pthread_exit().',
  });
}
