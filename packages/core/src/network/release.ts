import { EngineError } from '@criujs/engine-kit';
import type { EntryOf } from '@criujs/images';
import { closeFd, dropNoMore, LinuxError, openNetfilter, sendBatch } from '@criujs/linux';
import type { UndoCall } from '../machinery/guard/hold-guard.ts';
import { removal } from './hold-connections.ts';
import { lockMethods, lockTables } from './names.ts';

/** What the inventory says of how the network was held. */
export type LockedBy = Pick<EntryOf<'INVENTORY'>, 'networkLockMethod' | 'dumpCriuRunId'>;

/**
 * Lets packets of a dump's connections pass again, in the network namespace of this thread. After a reboot there is nothing to do.
 * @returns the tables that were taken away
 * @throws EngineError NOT_PERMITTED, KERNEL
 */
export function releaseNetwork({ networkLockMethod, dumpCriuRunId }: LockedBy): string[] {
  if (networkLockMethod !== lockMethods.nftables || dumpCriuRunId === '') return [];
  const fd = tryNetfilter();
  if (fd === null) return [];
  try {
    return lockTables(dumpCriuRunId).filter((table) => remove(fd, table));
  } finally {
    closeFd(fd);
  }
}

/**
 * Calls that do the same, whatever they answer.
 * @param keep takes a descriptor that they need
 */
export function releaseCalls({ networkLockMethod, dumpCriuRunId }: LockedBy, keep: (fd: number) => void): UndoCall[] {
  if (networkLockMethod !== lockMethods.nftables || dumpCriuRunId === '') return [];
  const fd = tryNetfilter();
  if (fd === null) return [];
  keep(fd);
  return lockTables(dumpCriuRunId).map((table) => removal(fd, table));
}

/** A socket to nf_tables; null: this kernel has none, and so no table. */
function tryNetfilter(): number | null {
  try {
    return openNetfilter();
  } catch (error) {
    if (error instanceof LinuxError) return null;
    throw error;
  }
}

/** What the kernel says of a table that it does not have, and of nf_tables that it does not have. */
const nothingThere: readonly string[] = ['ENOENT', 'EOPNOTSUPP'];

/** Whether there was such a table. */
function remove(fd: number, table: string): boolean {
  try {
    sendBatch(fd, dropNoMore(table));
    return true;
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    if (nothingThere.includes(error.code)) return false;
    const isDenied = error.code === 'EPERM';
    throw new EngineError(
      isDenied ? 'NOT_PERMITTED' : 'KERNEL',
      `table ${table} cannot be taken away (${error.message})`,
      {
        cause: error,
        remedy: isDenied ? 'Do it as root, or with CAP_NET_ADMIN.' : `Look at it: nft list table inet ${table}.`,
      },
    );
  }
}
