import { readFileSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import { LinuxError, tracee, waitPatiently, writeMemory } from '@criujs/linux';
import { cloneArgs, cloneFlag, threadFlags } from '../../facts/clone.ts';
import { callOnce } from '../calls/batch.ts';
import { type BuiltThread, built, type Workshop } from './helper.ts';

/** How long a pid may stay taken by a process that is about to be reaped, and how often to check, in milliseconds. */
const patience = { taken: 3000, look: 10 } as const;

/** A new task that its parent clones, stopped before its first instruction. */
export function cloneTask(
  parent: BuiltThread,
  workshop: Workshop,
  how: { tid: number; flags: number; exitSignal: number; newPids: boolean },
): BuiltThread {
  // Each clone is quick, and a tree may take thousands.
  workshop.waiting(parent.tid, 0);
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
  const thread = tracee(tid, workshop.waiting);
  if (how.flags & cloneFlag.thread) return built(tid, parent.pid, thread);
  return built(tid, tid, thread);
}

/** A new thread of a process. */
export function cloneThread(leader: BuiltThread, workshop: Workshop, tid: number, newPids: boolean): BuiltThread {
  return cloneTask(leader, workshop, { tid, flags: threadFlags, exitSignal: 0, newPids });
}

function cloneWithPatience(
  parent: BuiltThread,
  workshop: Workshop,
  how: { tid: number; flags: number; newPids: boolean },
): number {
  const begun = performance.now();
  for (;;) {
    try {
      const tid = own(parent, workshop, 'clone3', [workshop.data.start, cloneArgs.size]);
      if (!(how.flags & cloneFlag.thread)) workshop.made.add(tid);
      if (waitPatiently(tid, workshop.waiting).kind === 'stopped') return tid;
      throw new EngineError('TARGET_DIED', `process ${tid} ended before it started`, {
        pid: tid,
        remedy: 'Restore again: another process ended it, or the machine is out of memory.',
      });
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      const waited = performance.now() - begun;
      // Whoever has to reap the dumped process may be slow about it.
      if (error.code !== 'EEXIST' || waited >= patience.taken) throw cloneFailed(error, how.tid);
      workshop.waiting(how.tid, waited);
      pause(patience.look);
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
      remedy: "Allow clone3 in the container's seccomp filter; `criujs check` shows what is missing.",
    }),
  EAGAIN: (tid) =>
    new EngineError('KERNEL', `a limit of this user prevents process or thread ${tid}`, {
      pid: tid,
      remedy: 'Raise the limit of processes (ulimit -u, pids.max of the cgroup, kernel.threads-max), or end some.',
    }),
  ENOMEM: (tid) =>
    new EngineError('KERNEL', `there is no memory left to make process or thread ${tid}`, {
      pid: tid,
      remedy: 'Free some memory, or raise the limit of the cgroup (memory.max), and restore again.',
    }),
  EINVAL: (tid) =>
    new EngineError('PID_NOT_PERMITTED', `the kernel cannot give a process the pid ${tid} here`, {
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
    // The number is not free as long as a session or a group uses it.
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
