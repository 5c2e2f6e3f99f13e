import { EngineError, type NetworkLock, type NetworkLockRecord } from '@criujs/engine-kit';
import {
  closeFd,
  dropFlows,
  dropNoMore,
  type Flow,
  LinuxError,
  openNetfilter,
  readStatus,
  sendBatch,
} from '@criujs/linux';
import { capability } from '../facts/capabilities.ts';
import { passMark } from '../facts/tcp.ts';
import type { UndoCall } from '../machinery/guard/hold-guard.ts';
import type { Held, Hold } from '../machinery/guard/holds.ts';
import { dropBy } from './drop-by.ts';
import { startKeeper } from './iptables/keeper.ts';
import { flowRules, type Rule } from './iptables/rules.ts';
import { lockTable, newLockId } from './names.ts';

/** Connections whose packets are to be dropped, and what becomes of that. */
export interface HeldConnections {
  readonly flows: readonly Flow[];
  /** In words, in the same order. */
  readonly names: readonly string[];
  /** The user's choice. */
  readonly method: NetworkLock | undefined;
  /** Whether the dump ends the tree: then packets are dropped until it is restored. */
  readonly endsTree: boolean;
  /** What is done just before the tree is ended. */
  readonly beforeEnd: readonly UndoCall[];
}

/**
 * Drops the packets of connections, in both directions, until the tree runs again: a peer that hears nothing waits, and sends again.
 * @returns what the images have to say of it
 * @throws EngineError NOT_PERMITTED, UNSUPPORTED
 */
export function holdConnections(
  { flows, names, method, endsTree, beforeEnd }: HeldConnections,
  hold: Hold,
): NetworkLockRecord {
  const id = newLockId();
  const how = { what: 'the network of TCP connections', atCommit: endsTree ? 'kept' : 'undone', beforeEnd } as const;
  const recordOf = (by: NetworkLock): NetworkLockRecord => ({ method: by, id, connections: names });
  if (method === 'skip') return hold({ ...how, undo: [] }, () => recordOf(method));
  return recordOf(
    dropBy(method, {
      nftables: () => dropInTable(lockTable(id), (table) => dropFlows(table, flows, passMark), how, hold),
      iptables: () => dropByRules(flowRules(flows), how, hold),
    }),
  );
}

/** What is told to those who hold, but its undo. */
type How = Omit<Held, 'undo'>;

/** Holds what a batch makes in a table of nf_tables. @throws EngineError NOT_PERMITTED, UNSUPPORTED */
export function dropInTable(table: string, batchOf: (table: string) => Uint8Array, how: How, hold: Hold): void {
  const fd = netfilter();
  try {
    hold({ ...how, undo: [removal(fd, table)] }, () => send(fd, batchOf(table)));
  } finally {
    closeFd(fd);
  }
}

/** Holds what rules of iptables drop. @throws EngineError NOT_PERMITTED, UNSUPPORTED, KERNEL */
export function dropByRules(rules: readonly Rule[], how: How, hold: Hold): void {
  const keeper = startKeeper(rules, false);
  try {
    hold({ ...how, undo: keeper.remove }, keeper.make);
  } finally {
    keeper.close();
  }
}

/** Whether this process may have packets dropped, and look into connections: CAP_NET_ADMIN. */
export function mayHoldNetwork(): boolean {
  return (readStatus(process.pid).capEff & (1n << BigInt(capability.NET_ADMIN))) !== 0n;
}

/** The call that takes a table away. */
export function removal(fd: number, table: string): UndoCall {
  const bytes = dropNoMore(table);
  return ['sendto', { fd }, bytes, bytes.length, 0, 0, 0];
}

/** A socket to nf_tables. @throws EngineError UNSUPPORTED */
function netfilter(): number {
  try {
    return openNetfilter();
  } catch (error) {
    throw error instanceof LinuxError ? missing(error) : error;
  }
}

/** @throws EngineError */
function send(fd: number, batch: Uint8Array): void {
  try {
    sendBatch(fd, batch);
  } catch (error) {
    throw error instanceof LinuxError ? missing(error) : error;
  }
}

function missing(cause: LinuxError): EngineError {
  if (cause.code === 'EPERM')
    return new EngineError('NOT_PERMITTED', 'this user may not have packets of connections dropped', {
      cause,
      remedy: 'Dump as root, or with CAP_NET_ADMIN.',
    });
  return new EngineError('UNSUPPORTED', `packets of connections cannot be dropped: nf_tables answers ${cause.code}`, {
    cause,
    remedy:
      'Load the module nf_tables, or install iptables, or drop them yourself and use --network-lock skip (option `networkLock`).',
  });
}
