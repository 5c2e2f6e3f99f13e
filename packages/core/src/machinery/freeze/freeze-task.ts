import { EngineError } from '@criujs/engine-kit';
import { targetDied } from '@criujs/engine-kit/targets';
import {
  closeFd,
  pidfdOpen,
  type Registers,
  readStat,
  readStatus,
  readThreads,
  signals,
  type Tracee,
  unlessGone,
} from '@criujs/linux';
import { interruptedCall } from '../calls/interrupted.ts';
import type { FrozenTask, FrozenThread } from './freeze.ts';
import type { Hold } from './hold.ts';

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
    const taken = unlessGone(() => readThreads(pid), []).filter((tid) => !stopped.has(tid) && hold.take(tid, pid));
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

/** null: one of its threads was killed meanwhile, or another one has begun another program, which ended it. */
function describeTask(
  pid: number,
  stopped: Map<number, number>,
  hold: Hold,
): Omit<FrozenTask, 'ppid' | 'pidfd'> | null {
  const threads: FrozenThread[] = [];
  const count = stopped.size;
  for (const tid of [...stopped.keys()]) {
    const thread = hold.read(tid, (tracee) => describeThread(pid, tracee));
    if (thread !== null) threads.push(thread);
    else if (stopped.delete(tid)) hold.forget(tid);
  }
  const stat = unlessGone(() => readStat(pid), null);
  const status = unlessGone(() => readStatus(pid), null);
  if (threads.length < count || stat === null || status === null) return null;
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
  return {
    tid,
    tracee,
    stat: readStat(pid, tid),
    status: readStatus(pid, tid),
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
