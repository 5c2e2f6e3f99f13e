import { randomBytes } from 'node:crypto';

/**
 * CRIU cuts the name of its table, and so of ours which it is to find, after so many characters of a dump's id. criu/netfilter.c,
 * `nftables_get_table`
 */
const idLength = 20;

/** An id for a dump whose network is held. */
export function newLockId(): string {
  return randomBytes(idLength / 2).toString('hex');
}

/** The tables that the dump with an id may have left: releases of CRIU differ in how much of the id is in the name. */
export function lockTables(id: string): string[] {
  if (!/^[0-9a-f-]{1,36}$/.test(id)) return [];
  return [...new Set([id, id.slice(0, idLength + 1)])].map(lockTable);
}

/** The table of nf_tables (family inet) that drops packets of the connections of a dump. */
export function lockTable(id: string): string {
  return `CRIU-${id}`;
}

/** NETWORK_LOCK_* as CRIU's inventory has them. criu/include/cr_options.h */
export const lockMethods = { iptables: 0, nftables: 1, skip: 2 } as const;
