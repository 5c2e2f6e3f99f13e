import { readFileSync } from 'node:fs';
import { LinuxError, waitFor, writeMemory } from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import { cloneArgs, cloneFlag, threadFlags } from '../../facts/clone.ts';
import { pause } from '../../pause.ts';
import { callOnce } from '../batch.ts';
import { type BuiltThread, built, type Workshop } from './helper.ts';

/** How long a pid may stay taken by a process that is about to be reaped, in tries of 10 ms. */
const patience = 300;

/** A new task that its parent clones, stopped before its first instruction. */
export function cloneTask(
  parent: BuiltThread,
  workshop: Workshop,
  how: { tid: number; flags: number; exitSignal: number; newPids: boolean },
): BuiltThread {
  const args = Buffer.alloc(cloneArgs.size + 8);
  args.writeBigUInt64LE(BigInt(how.flags), cloneArgs.flags);
  args.writeBigUInt64LE(BigInt(how.exitSignal), cloneArgs.exitSignal);
  if (!how.newPids) {
    args.writeBigUInt64LE(BigInt(workshop.data.start + cloneArgs.size), cloneArgs.setTid);
    args.writeBigUInt64LE(1n, cloneArgs.setTidSize);
    args.writeInt32LE(how.tid, cloneArgs.size);
  }
  writeMemory(parent.pid, workshop.data.start, args);
  const tid = cloneWithPatience(parent, workshop, how);
  return built(tid, how.flags & cloneFlag.thread ? parent.pid : tid);
}

/** A new thread of a process. */
export function cloneThread(leader: BuiltThread, workshop: Workshop, tid: number, newPids: boolean): BuiltThread {
  return cloneTask(leader, workshop, { tid, flags: threadFlags, exitSignal: 0, newPids });
}

function cloneWithPatience(parent: BuiltThread, workshop: Workshop, how: { tid: number; newPids: boolean }): number {
  for (let tries = 0; ; tries++) {
    try {
      const tid = own(parent, workshop, 'clone3', [workshop.data.start, cloneArgs.size]);
      if (waitFor(tid)?.kind !== 'stopped')
        throw new EngineError('TARGET_DIED', `process ${tid} ended before it began`);
      return tid;
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      // Whoever has to reap the dumped process may be slow about it.
      if (error.code !== 'EEXIST' || tries >= patience) throw cloneFailed(error, how.tid);
      pause(10);
    }
  }
}

const cloneErrors: Readonly<Record<string, (tid: number) => EngineError>> = {
  EEXIST: (tid) =>
    new EngineError('PID_TAKEN', `the pid ${tid} is taken ${takenBy(tid)}`, {
      pid: tid,
      remedy: 'End that process, or restore with new pids: --new-pids.',
    }),
  EPERM: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `this user may not give a process the pid ${tid}`, {
      pid: tid,
      remedy:
        'Restore with new pids (--new-pids), in a user namespace (unshare -U -r -p -f --mount-proc), or as root (CAP_CHECKPOINT_RESTORE).',
    }),
  ENOSYS: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `clone3(2) is refused here, so no process can get the pid ${tid}`, {
      pid: tid,
      remedy: "Allow clone3 in the container's seccomp filter; `criujs check` tells more.",
    }),
  EINVAL: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `the kernel gives no process the pid ${tid} here`, {
      pid: tid,
      remedy: 'Raise kernel.pid_max, or restore with new pids: --new-pids.',
    }),
};

function cloneFailed(error: LinuxError, tid: number): Error {
  return cloneErrors[error.code]?.(tid) ?? error;
}

function takenBy(pid: number): string {
  try {
    return `by another process: ${pid} (${readFileSync(`/proc/${pid}/comm`, 'latin1').trim()})`;
  } catch {
    // The number is not free as long as a session or a group goes by it.
    return 'as the number of a session or process group that is still alive';
  }
}

/** A call of a task in its own name. */
export function own(
  thread: BuiltThread,
  workshop: Workshop,
  name: Parameters<typeof callOnce>[1],
  args: Parameters<typeof callOnce>[2],
): number {
  const { tracee, base } = thread;
  return callOnce({ thread: tracee, base, instruction: workshop.instruction, stack: workshop.stack }, name, args);
}
