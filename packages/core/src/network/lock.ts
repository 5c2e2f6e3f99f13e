import type { Records } from '@criujs/engine-kit';
import type { EntryOf } from '@criujs/images';
import type { Flow } from '@criujs/linux';
import { inetProtocol } from '../facts/inet.ts';
import { checkInet, inetEntry, namedOf } from '../kinds/files/inet/entry.ts';
import type { FileEntry } from '../kinds/files/opening.ts';
import { connectedStates } from '../kinds/files/tcp/connection.ts';
import { flowOf } from '../kinds/files/tcp/flow.ts';
import { flowRules, type Rule } from './iptables/rules.ts';
import { lockMethods, lockTables } from './names.ts';

/** What drops packets of a dump's connections, if it is still there. */
export type Lock =
  | { readonly by: 'nftables'; readonly tables: readonly string[] }
  | { readonly by: 'iptables'; readonly rules: readonly Rule[] };

/** What the images of a dump say. */
export interface LockedImages {
  readonly inventory: Pick<EntryOf<'INVENTORY'>, 'networkLockMethod' | 'dumpCriuRunId'> | undefined;
  /** Of files.img. */
  readonly entries: readonly FileEntry[];
  /** null: they come from CRIU. */
  readonly records: Pick<Records, 'networkLocks'> | null;
}

/**
 * What may drop packets of the connections in these images; null: nothing. Rules of iptables have no name: they are those of the connections.
 * @throws EngineError IMAGE_INVALID
 */
export function lockOf({ inventory, entries, records }: LockedImages): Lock | null {
  if (inventory === undefined) return null;
  const { networkLockMethod: method, dumpCriuRunId: id } = inventory;
  if (method === lockMethods.nftables) return id === '' ? null : { by: 'nftables', tables: lockTables(id) };
  // It is also what an inventory says of a dump that had nothing to drop.
  if (method !== lockMethods.iptables || records?.networkLocks?.length === 0) return null;
  const rules = flowRules(entries.flatMap(flowsOf));
  return rules.length === 0 ? null : { by: 'iptables', rules };
}

function flowsOf(entry: FileEntry): Flow[] {
  if (entry.isk === undefined) return [];
  checkInet(entry);
  const own = inetEntry(entry);
  const { here, there } = namedOf(own);
  const isConnection = own.proto === inetProtocol.TCP && connectedStates.includes(own.state) && there !== null;
  return isConnection ? [flowOf({ here, there })] : [];
}
