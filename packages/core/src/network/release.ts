import { EngineError } from '@criujs/engine-kit';
import { closeFd, dropNoMore, duplicate, LinuxError, openNetfilter, sendBatch } from '@criujs/linux';
import { type UndoCall, withOwn } from '../machinery/guard/hold-guard.ts';
import { removal } from './hold-connections.ts';
import { type Keeper, startKeeper } from './iptables/keeper.ts';
import type { Rule } from './iptables/rules.ts';
import type { Lock } from './lock.ts';
import type { UnlockResult } from './unlocked.ts';

/** What has been let pass again: tables of nf_tables that are gone, and rules of iptables and ip6tables. */
export type Released = Pick<UnlockResult, 'tables' | 'rules'>;

/**
 * Lets packets of a dump's connections pass again, in the network namespace of this thread. After a reboot there is nothing to do.
 * @throws EngineError NOT_PERMITTED, UNSUPPORTED, KERNEL
 */
export function releaseNetwork(lock: Lock | null): Released {
  if (lock === null) return { tables: [], rules: [] };
  if (lock.by === 'iptables') return { tables: [], rules: withKeeper(lock, (keeper) => keeper.removeNow()) };
  const fd = tryNetfilter();
  if (fd === null) return { tables: [], rules: [] };
  try {
    return { tables: lock.tables.filter((table) => remove(fd, table)), rules: [] };
  } finally {
    closeFd(fd);
  }
}

/**
 * Calls that do the same, whatever they answer.
 * @param keep takes a descriptor that they need
 * @throws EngineError KERNEL
 */
export function releaseCalls(lock: Lock | null, keep: (fd: number) => void): readonly UndoCall[] {
  if (lock === null) return [];
  if (lock.by === 'iptables') {
    return withKeeper(lock, ({ remove: calls }) =>
      withOwn(calls, (fd) => {
        const own = duplicate(fd);
        keep(own);
        return own;
      }),
    );
  }
  const fd = tryNetfilter();
  if (fd === null) return [];
  keep(fd);
  return lock.tables.map((table) => removal(fd, table));
}

function withKeeper<T>({ rules }: { readonly rules: readonly Rule[] }, work: (keeper: Keeper) => T): T {
  const keeper = startKeeper(rules, true);
  try {
    return work(keeper);
  } finally {
    keeper.close();
  }
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
