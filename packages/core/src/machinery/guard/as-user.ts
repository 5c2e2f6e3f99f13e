import { EngineError } from '@criujs/engine-kit';
import { arena, type Block, syscall, trySyscall } from '@criujs/linux';
import { capabilityData, capabilityHeader, dropCapability } from '../../facts/capabilities.ts';
import { prctl } from '../../facts/prctl.ts';

/** A user as far as files are concerned. */
export interface FileUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; undefined: those of the engine. */
  readonly groups?: readonly number[];
}

/**
 * Does something with the ids of another user for files, and without some capabilities: rights of this thread only. Who is not root
 * for files has no capability over them. capset(2), setfsuid(2), setgroups(2)
 *
 * A change of ids makes the kernel take away the right to look into the engine itself; it is given back. PR_SET_DUMPABLE(2const)
 * @param without numbers of capabilities(7)
 * @throws EngineError NOT_PERMITTED where the engine cannot become that user
 */
export function asUser<T>({ uid, gid, groups }: FileUser, without: readonly number[], work: () => T): T {
  return arena.scope(() => {
    const [header, had, less] = [8, capabilityData.size, capabilityData.size].map(arena.alloc) as [Block, Block, Block];
    header.bytes.set(capabilityHeader());
    syscall('capget', header.address, had.address);
    const dumpable = trySyscall('prctl', prctl.getDumpable, 0, 0, 0, 0);
    const ownGroups = readGroups();
    const [fsuid, fsgid] = [trySyscall('setfsuid', uid), trySyscall('setfsgid', gid)];
    try {
      // It answers with the id before, whether it changes anything or not.
      if (trySyscall('setfsuid', uid) !== uid || trySyscall('setfsgid', gid) !== gid || !setGroups(groups))
        throw new EngineError('NOT_PERMITTED', `the engine cannot open files as user ${uid}`, {
          remedy: 'Run criujs as root (CAP_SETUID and CAP_SETGID), or as that user.',
        });
      syscall('capget', header.address, less.address);
      for (const number of without) dropCapability(less.view, number);
      syscall('capset', header.address, less.address);
      trySyscall('prctl', prctl.setDumpable, dumpable, 0, 0, 0);
      return work();
    } finally {
      trySyscall('setfsuid', fsuid);
      trySyscall('setfsgid', fsgid);
      syscall('capset', header.address, had.address);
      if (groups !== undefined) setGroups(ownGroups);
      trySyscall('prctl', prctl.setDumpable, dumpable, 0, 0, 0);
    }
  });
}

/**
 * Does something with the engine's own ids for files, also within {@link asUser}: they bring root's capabilities over files back, and
 * take them along. setfsuid(2), capabilities(7)
 */
export function asEngine<T>(work: () => T): T {
  const own = process.geteuid?.() ?? 0;
  const dumpable = trySyscall('prctl', prctl.getDumpable, 0, 0, 0, 0);
  const other = trySyscall('setfsuid', own);
  if (other === own) return work();
  try {
    return work();
  } finally {
    trySyscall('setfsuid', other);
    trySyscall('prctl', prctl.setDumpable, dumpable, 0, 0, 0);
  }
}

function readGroups(): number[] {
  return process.getgroups?.() ?? [];
}

function setGroups(groups: readonly number[] | undefined): boolean {
  if (groups === undefined) return true;
  const list = arena.alloc(groups.length * 4 + 4);
  groups.forEach((group, at) => {
    list.view.setUint32(at * 4, group, true);
  });
  return trySyscall('setgroups', groups.length, list.address) === 0;
}
