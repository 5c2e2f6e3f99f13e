import { closeSync, openSync } from 'node:fs';
import { arena, type Block, readStat, syscall, trySyscall, unlessGone, yamaScope } from '@criujs/linux';
import { capability, capabilityData, capabilityHeader } from '../../facts/capabilities.ts';
import { prctl, ptracerAny } from '../../facts/prctl.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import type { ProcessKind } from './kind.ts';

/** The scope in which a process may name who traces it. Documentation/admin-guide/LSM/Yama.rst. */
const asTheyAllow = 1;

/**
 * That all processes of its user may trace it, where Yama forbids that: what `criujs run` does. No call shows it, but somebody who
 * is neither an ancestor nor an administrator may look into its memory. PR_SET_PTRACER(2const)
 */
export const tracers: ProcessKind = {
  name: 'permission to be traced',
  describe: [
    { subject: 'rights and limits', taken: ['permission to be traced by all processes (`PR_SET_PTRACER_ANY`)'] },
  ],
  look: (task) => (letsAllTrace(task) ? { record: { tracedByAll: true } } : {}),
  calls: {
    last: (_, { recorded }) =>
      recorded?.tracedByAll
        ? [
            {
              name: 'prctl',
              args: [prctl.setPtracer, ptracerAny, 0, 0, 0],
              optional: 'unsaid', // without Yama there is nothing to permit
              what: 'let all processes trace it',
            },
          ]
        : [],
  },
};

function letsAllTrace({ pid, status }: FrozenTask): boolean {
  if (yamaScope() !== asTheyAllow || isBelow(pid, process.pid)) return false;
  return asOrdinaryUser(status.uids[1], status.gids[1], () => mayOpenMemory(pid));
}

function isBelow(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 0; at = unlessGone(() => readStat(at).ppid, 0)) if (at === ancestor) return true;
  return false;
}

/** proc_pid_mem(5): only who may attach opens it. */
function mayOpenMemory(pid: number): boolean {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Does something without CAP_SYS_PTRACE and with the ids of another user for files: rights of this thread only. A change of ids makes
 * the kernel take away the right to look into the engine itself, until it is told otherwise. capset(2), setfsuid(2), PR_SET_DUMPABLE(2const)
 */
function asOrdinaryUser<T>(uid: number, gid: number, work: () => T): T {
  return arena.scope(() => {
    const [header, had, less] = [8, capabilityData.size, capabilityData.size].map(arena.alloc) as [Block, Block, Block];
    header.bytes.set(capabilityHeader());
    syscall('capget', header.address, had.address);
    less.bytes.set(had.bytes);
    less.view.setUint32(0, had.view.getUint32(0, true) & ~(1 << capability.SYS_PTRACE), true);
    const dumpable = trySyscall('prctl', prctl.getDumpable, 0, 0, 0, 0);
    const [fsuid, fsgid] = [trySyscall('setfsuid', uid), trySyscall('setfsgid', gid)];
    try {
      syscall('capset', header.address, less.address);
      return work();
    } finally {
      trySyscall('setfsuid', fsuid);
      trySyscall('setfsgid', fsgid);
      syscall('capset', header.address, had.address);
      trySyscall('prctl', prctl.setDumpable, dumpable, 0, 0, 0);
    }
  });
}
